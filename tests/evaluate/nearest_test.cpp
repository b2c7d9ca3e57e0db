// The nearest pictures: against naive code, with ties, on any number of threads.
#include "evaluate/nearest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

namespace dcgan::test {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes drawn(std::size_t count, unsigned seed, int most_level = 255) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> level(0, most_level);
  Bytes all(count);
  for (std::uint8_t& byte : all) byte = static_cast<std::uint8_t>(level(random));
  return all;
}

/// Every distance by itself, all sorted; of equal ones the lower index comes first.
std::vector<Neighbour> naive(const Bytes& pictures, std::size_t i, const Bytes& among,
                             std::size_t size) {
  std::vector<std::pair<double, std::int64_t>> all;
  for (std::size_t j = 0; j < among.size() / size; ++j) {
    double sum = 0;
    for (std::size_t k = 0; k < size; ++k)
      sum += std::pow(double(pictures[i * size + k]) - double(among[j * size + k]), 2);
    all.emplace_back(sum, static_cast<std::int64_t>(j));
  }
  std::sort(all.begin(), all.end());
  std::vector<Neighbour> found;
  for (const auto& [sum, j] : all) found.push_back({j, std::sqrt(sum) / 255});
  return found;
}

void expect_those_of_naive_code(const Bytes& pictures, const Bytes& among, std::size_t size,
                                std::size_t most, int threads) {
  const auto found = nearest(pictures, among, static_cast<std::int64_t>(size),
                             static_cast<std::int64_t>(most), threads);
  ASSERT_EQ(found.size(), pictures.size() / size);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::vector<Neighbour> expected = naive(pictures, i, among, size);
    ASSERT_EQ(found[i].size(), std::min(most, expected.size()));
    for (std::size_t n = 0; n < found[i].size(); ++n) {
      EXPECT_EQ(found[i][n].index, expected[n].index) << i << ", " << n;
      EXPECT_NEAR(found[i][n].distance, expected[n].distance, 1e-12) << i << ", " << n;
    }
  }
}

TEST(Nearest, AreThoseOfNaiveCode) {
  // As large as the judge's pictures, not a multiple of what is summed at once, and tiny.
  for (const std::size_t size : {std::size_t{784}, std::size_t{300}, std::size_t{2}})
    for (const int threads : {1, 3})
      expect_those_of_naive_code(drawn(21 * size, 1), drawn(90 * size, 2), size, 5, threads);
  expect_those_of_naive_code(drawn(3 * 10, 1), drawn(4 * 10, 2), 10, 5, 2);  // fewer than five
}

// Two pixels of three levels: each picture is there many times.
TEST(Nearest, OfEquallyNearOnesTheFirstAreTaken) {
  expect_those_of_naive_code(drawn(40, 3, 2), drawn(200, 4, 2), 2, 5, 2);
}

TEST(Nearest, AreFarAsBlackIsFromWhite) {
  const auto found = nearest(Bytes(784, 0), Bytes(784, 255), 784, 1, 1);
  EXPECT_DOUBLE_EQ(found[0][0].distance, 28);
  const std::int64_t large = 1000 * 1000;  // its squares' sum needs more than 32 bits
  const auto far = nearest(Bytes(large, 255), Bytes(large, 0), large, 1, 1);
  EXPECT_DOUBLE_EQ(far[0][0].distance, 1000);
}

TEST(NearestTraining, HasMediansOfTheNearest) {
  const Bytes training = {0, 255};
  // Distances of 0, 10, 20, and of 1, 2, 5: there are as many test images as samples.
  NearestTraining n = nearest_training(Bytes{0, 10, 235}, Bytes{254, 2, 5, 100}, training, 1, 1);
  EXPECT_EQ(n.count, 3);
  EXPECT_EQ(n.test_count, 3);
  EXPECT_DOUBLE_EQ(n.samples, 10 / 255.0);
  EXPECT_DOUBLE_EQ(n.test_images, 2 / 255.0);
  n = nearest_training(Bytes{0, 10, 235, 40}, Bytes{250}, training, 1, 2);
  EXPECT_DOUBLE_EQ(n.samples, 15 / 255.0);
  EXPECT_EQ(n.test_count, 1);
  EXPECT_DOUBLE_EQ(n.test_images, 5 / 255.0);
}

TEST(NearestTraining, TakesTheFirstThousand) {
  Bytes samples(1000, 7), test(1000, 9);
  samples.resize(3001, 100);
  test.resize(3001, 100);
  const NearestTraining n = nearest_training(samples, test, Bytes{0}, 1, 2);
  EXPECT_EQ(n.count, 1000);
  EXPECT_EQ(n.test_count, 1000);
  EXPECT_DOUBLE_EQ(n.samples, 7 / 255.0);
  EXPECT_DOUBLE_EQ(n.test_images, 9 / 255.0);
}

}  // namespace
}  // namespace dcgan::test
