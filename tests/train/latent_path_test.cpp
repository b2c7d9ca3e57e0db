// Paths through latent space: where they begin, where they end, what is between.
#include "train/latent_path.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace dcgan::test {
namespace {

using Latent = std::vector<float>;

double length(const Latent& v) {
  double sum = 0;
  for (const float x : v) sum += double{x} * double{x};
  return std::sqrt(sum);
}

// In a plane, where the arc is known: 1 at 0 degrees, 3 at 90.
TEST(Spherical, TurnsAtAConstantPaceAndGrowsLinearly) {
  const Latent a = {1, 0, 0}, b = {0, 0, 3};
  for (const double t : {0.0, 0.1, 0.25, 0.5, 0.9, 1.0}) {
    const Latent v = spherical(a, b, t);
    const double angle = t * std::numbers::pi / 2, wanted = 1 + 2 * t;
    EXPECT_NEAR(v[0], wanted * std::cos(angle), 1e-6) << t;
    EXPECT_EQ(v[1], 0);
    EXPECT_NEAR(v[2], wanted * std::sin(angle), 1e-6) << t;
  }
}

// 120 degrees: the sine alone would not tell them from 60.
TEST(Spherical, TakesObtuseArcs) {
  const Latent a = {2, 0}, b = {-1, std::sqrt(3.0F)};
  const Latent v = spherical(a, b, 0.25);
  EXPECT_NEAR(v[0], 2 * std::cos(std::numbers::pi / 6), 1e-6);
  EXPECT_NEAR(v[1], 2 * std::sin(std::numbers::pi / 6), 1e-6);
}

TEST(Spherical, IsStraightWhereThereIsNoArc) {
  EXPECT_EQ(spherical(Latent{0, 0}, Latent{4, 2}, 0.25), (Latent{1, 0.5F}));
  EXPECT_EQ(spherical(Latent{4, 2}, Latent{0, 0}, 0.25), (Latent{3, 1.5F}));
  EXPECT_EQ(spherical(Latent{1, 2}, Latent{3, 6}, 0.5), (Latent{2, 4}));
  EXPECT_EQ(spherical(Latent{1, -2}, Latent{-1, 2}, 0.5), (Latent{0, 0}));
  EXPECT_EQ(spherical(Latent{0, 0}, Latent{0, 0}, 0.5), (Latent{0, 0}));
}

TEST(Spherical, HugeAndTinyVectorsStayFinite) {
  const Latent huge = spherical(Latent{1e38F, 0}, Latent{0, 1e38F}, 0.5);
  EXPECT_NEAR(length(huge) / 1e38, 1, 1e-6);
  const Latent tiny = spherical(Latent{1e-38F, 0}, Latent{0, 1e-38F}, 0.5);
  EXPECT_NEAR(length(tiny) / 1e-38, 1, 1e-6);
}

/// Three key vectors in a plane, at 0, 60 and 150 degrees.
Latent keys() {
  Latent keys;
  for (const double degrees : {0.0, 60.0, 150.0}) {
    keys.push_back(static_cast<float>(std::cos(degrees * std::numbers::pi / 180)));
    keys.push_back(static_cast<float>(std::sin(degrees * std::numbers::pi / 180)));
  }
  return keys;
}

void expect_degrees(const Latent& vectors, const std::vector<double>& degrees) {
  ASSERT_EQ(vectors.size(), 2 * degrees.size());
  for (std::size_t i = 0; i < degrees.size(); ++i) {
    const double got = std::atan2(vectors[2 * i + 1], vectors[2 * i]) * 180 / std::numbers::pi;
    EXPECT_NEAR(got, degrees[i], 1e-4) << i;
  }
}

TEST(LatentPath, OfEachShapeVisitsItsPoints) {
  const LatentPath pairs(keys(), 2, PathShape::pairs, 2), open(keys(), 2, PathShape::open, 2),
      loop(keys(), 2, PathShape::loop, 2);
  expect_degrees(pairs.vectors(0, pairs.size()), {0, 20, 40, 60, 60, 90, 120, 150});
  expect_degrees(open.vectors(0, open.size()), {0, 20, 40, 60, 90, 120, 150});
  expect_degrees(loop.vectors(0, loop.size()), {0, 20, 40, 60, 90, 120, 150, 100, 50});
  expect_degrees(loop.vectors(5, 3), {120, 150, 100});
}

TEST(LatentPath, KeyVectorsAreVisitedToTheBit) {
  const Latent k = {1e-3F, 7, 0.1F, -5};  // two of two
  EXPECT_EQ(LatentPath(k, 2, PathShape::pairs, 0).vectors(0, 2), k);
  EXPECT_EQ(LatentPath(k, 2, PathShape::pairs, 3).vectors(4, 1), (Latent{0.1F, -5}));
  EXPECT_EQ(LatentPath(k, 2, PathShape::open, 3).vectors(4, 1), (Latent{0.1F, -5}));
}

// Two cells: 0 -> 60 -> 150 degrees, and 10 -> 20 -> 40.
TEST(LatentPath, CellsGoSideBySide) {
  Latent side_by_side;
  const Latent first = keys();
  const std::vector<double> second = {10, 20, 40};
  for (std::size_t k = 0; k < 3; ++k) {
    side_by_side.insert(side_by_side.end(), {first[2 * k], first[2 * k + 1]});
    side_by_side.push_back(static_cast<float>(std::cos(second[k] * std::numbers::pi / 180)));
    side_by_side.push_back(static_cast<float>(std::sin(second[k] * std::numbers::pi / 180)));
  }
  const LatentPath path(side_by_side, 2, PathShape::loop, 1, 2);
  ASSERT_EQ(path.size(), 12);
  expect_degrees(path.vectors(0, 12), {0, 10, 30, 15, 60, 20, 105, 30, 150, 40, 75, 25});
  expect_degrees(path.vectors(3, 4), {15, 60, 20, 105});
}

}  // namespace
}  // namespace dcgan::test
