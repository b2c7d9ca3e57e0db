// Which pictures are nearest to others, pixel by pixel: whether a generator copies what it saw.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace dcgan {

/// So many pictures are enough for a median.
constexpr std::int64_t most_for_nearest = 1000;

struct Neighbour {
  std::int64_t index = 0;
  double distance = 0;  ///< Euclid's, of levels from 0 to 1
};

/// For each of pictures [n, size] the `most` nearest of `among` [m, size], or all where there are
/// fewer, nearest first; of equally near ones the lower index first. The result is the same on any
/// number of threads.
std::vector<std::vector<Neighbour>> nearest(std::span<const std::uint8_t> pictures,
                                            std::span<const std::uint8_t> among, std::int64_t size,
                                            std::int64_t most, int threads);

/// Medians of the distances to the nearest training picture.
struct NearestTraining {
  std::int64_t count = 0, test_count = 0;  ///< of pictures
  double samples = 0;
  double test_images = 0;  ///< which no generator has seen: a copying one's samples are far nearer
};

/// Of the first most_for_nearest samples and of as many test images, or all that there are.
NearestTraining nearest_training(std::span<const std::uint8_t> samples,
                                 std::span<const std::uint8_t> test,
                                 std::span<const std::uint8_t> training, std::int64_t size,
                                 int threads);

}  // namespace dcgan
