#include "evaluate/nearest.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <future>
#include <limits>

namespace dcgan {
namespace {

struct Found {
  std::int64_t squared, index;
};

/// The squared distance of two pictures, in levels; where it is not below `limit`, any number that
/// is not either. Most pictures are far apart, which a few rows of pixels tell. Whole numbers are
/// exact in any order, and far faster than products of doubles, of which few fit into a register.
std::int64_t squared_distance(const std::uint8_t* a, const std::uint8_t* b, std::int64_t size,
                              std::int64_t limit) {
  constexpr std::int64_t at_once = 112;
  std::int64_t sum = 0;
  for (std::int64_t first = 0; first < size && sum < limit; first += at_once) {
    const std::int64_t end = std::min(size, first + at_once);
    int part = 0;
    for (std::int64_t i = first; i < end; ++i) {
      const auto difference = static_cast<std::int16_t>(a[i] - b[i]);  // 16 bits: wider vectors
      part += difference * difference;
    }
    sum += part;
  }
  return sum;
}

/// The nearest of those that were seen, in the order of their indices.
class Nearest {
 public:
  explicit Nearest(std::int64_t most) : most_(static_cast<std::size_t>(most)) {}

  /// What is to be taken must be below it.
  std::int64_t limit() const {
    return found_.size() < most_ ? std::numeric_limits<std::int64_t>::max() : found_.back().squared;
  }
  void see(const Found& one) {
    if (one.squared >= limit()) return;
    if (found_.size() == most_) found_.pop_back();
    // Behind its equals, whose indices are lower.
    const auto place =
        std::upper_bound(found_.begin(), found_.end(), one,
                         [](const Found& x, const Found& y) { return x.squared < y.squared; });
    found_.insert(place, one);
  }
  std::vector<Neighbour> neighbours() const {
    std::vector<Neighbour> all;
    for (const Found& one : found_)
      all.push_back({one.index, std::sqrt(static_cast<double>(one.squared)) / 255});
    return all;
  }

 private:
  std::size_t most_;
  std::vector<Found> found_;  // nearest first
};

std::span<const std::uint8_t> first_of(std::span<const std::uint8_t> pictures, std::int64_t count,
                                       std::int64_t size) {
  return pictures.first(
      std::min(pictures.size(), static_cast<std::size_t>(count) * static_cast<std::size_t>(size)));
}

double median_distance(std::span<const std::uint8_t> pictures,
                       std::span<const std::uint8_t> training, std::int64_t size, int threads) {
  std::vector<double> distances;
  for (const auto& found : nearest(pictures, training, size, 1, threads))
    distances.push_back(found.front().distance);
  std::sort(distances.begin(), distances.end());
  const std::size_t n = distances.size();
  return (distances[(n - 1) / 2] + distances[n / 2]) / 2;
}

}  // namespace

std::vector<std::vector<Neighbour>> nearest(std::span<const std::uint8_t> pictures,
                                            std::span<const std::uint8_t> among, std::int64_t size,
                                            std::int64_t most, int threads) {
  constexpr std::int64_t pictures_at_once = 8;  // they stay in the cache while all others go by
  const std::int64_t count = std::ssize(pictures) / size, others = std::ssize(among) / size;
  std::vector<std::vector<Neighbour>> all(static_cast<std::size_t>(count));
  std::atomic<std::int64_t> next = 0;
  const auto work = [&] {
    for (std::int64_t first; (first = next.fetch_add(pictures_at_once)) < count;) {
      const std::int64_t n = std::min(pictures_at_once, count - first);
      std::vector<Nearest> lists(static_cast<std::size_t>(n), Nearest(most));
      for (std::int64_t other = 0; other < others; ++other)
        for (std::int64_t i = 0; i < n; ++i) {
          Nearest& list = lists[static_cast<std::size_t>(i)];
          list.see({squared_distance(pictures.data() + (first + i) * size,
                                     among.data() + other * size, size, list.limit()),
                    other});
        }
      for (std::int64_t i = 0; i < n; ++i)
        all[static_cast<std::size_t>(first + i)] = lists[static_cast<std::size_t>(i)].neighbours();
    }
  };
  std::vector<std::future<void>> helpers;
  for (int i = 1; i < threads; ++i) helpers.push_back(std::async(std::launch::async, work));
  work();
  for (std::future<void>& helper : helpers) helper.get();
  return all;
}

NearestTraining nearest_training(std::span<const std::uint8_t> samples,
                                 std::span<const std::uint8_t> test,
                                 std::span<const std::uint8_t> training, std::int64_t size,
                                 int threads) {
  const auto some_samples = first_of(samples, most_for_nearest, size);
  const auto some_tests = first_of(test, std::ssize(some_samples) / size, size);
  NearestTraining n;
  n.count = std::ssize(some_samples) / size;
  n.test_count = std::ssize(some_tests) / size;
  n.samples = median_distance(some_samples, training, size, threads);
  n.test_images = median_distance(some_tests, training, size, threads);
  return n;
}

}  // namespace dcgan
