// Distances of sets of features: by hand, against naive code, and against published programs.
#include "evaluate/distances.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "dcgan/error.h"
#include "evaluate/naive.h"
#include "fixtures.h"
#include "io/safetensors.h"

namespace dcgan::test {
namespace {

Features features(const Vectors& vectors, int threads = 2) {
  std::vector<float> values;
  for (const auto& v : vectors) values.insert(values.end(), v.begin(), v.end());
  return describe_features(values, std::ssize(vectors.front()), threads);
}

/// Numbers on a line.
Features line(const std::vector<float>& numbers) { return describe_features(numbers, 1, 1); }

/// Correlated, around `shift`.
Vectors drawn(std::size_t count, std::size_t size, unsigned seed, float shift = 0) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Vectors all(count);
  for (auto& v : all) {
    const float shared = normal(random);
    for (std::size_t i = 0; i < size; ++i)
      v.push_back(shift + normal(random) + shared * static_cast<float>(i % 3));
  }
  return all;
}

std::string refusal(const std::vector<float>& values, std::int64_t size) {
  try {
    describe_features(values, size, 1);
  } catch (const Error& e) {
    return e.what();
  }
  return "was taken";
}

TEST(Features, HaveTheMomentsOfNumpysCov) {
  // Deviations of 1, -1, 0, 0, 0, 0 and 2, 0, -2, 0, 0, 0: squares of 2 and 8, product 2, / 5.
  const Features f = features({{11, 2}, {9, 0}, {10, -2}, {10, 0}, {10, 0}, {10, 0}});
  EXPECT_EQ(f.mean, (std::vector<double>{10, 0}));
  EXPECT_EQ(f.covariance, (std::vector<double>{.4, .4, .4, 1.6}));
  EXPECT_DOUBLE_EQ(f.spread(), std::sqrt(2.0));
}

TEST(Features, KeepTheirVarianceFarFromZero) {
  Vectors far = drawn(20, 3, 5);
  const Features near = features(far);
  for (auto& v : far)
    for (float& x : v) x = std::round(x * 64) / 64 + 65536;
  EXPECT_NEAR(features(far).spread(), near.spread(), 1e-2);
}

TEST(Features, RadiiReachToTheFifthNearestOther) {
  EXPECT_EQ(line({0, 1, 2, 3, 4, 5}).radii, (std::vector<double>{25, 16, 9, 9, 16, 25}));
  EXPECT_EQ(line({7, 9, 7, 7, 7, 7, 7}).radii, (std::vector<double>{0, 4, 0, 0, 0, 0, 0}));
}

// Inner products of long vectors differ in their last bits by where in a block they stand.
TEST(Features, EqualVectorsHaveNoDistance) {
  Vectors all = drawn(70, 100, 4, 3);
  for (std::size_t i = 0; i < 70; i += 10) all[i] = all[0];
  const Features f = features(all);
  for (std::size_t i = 0; i < 70; ++i) EXPECT_EQ(f.radii[i] == 0, i % 10 == 0) << i;
}

TEST(Features, ThatAreNoFiniteNumbersAreRefused) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    std::vector<float> values(20);
    values[14] = bad;
    EXPECT_NE(refusal(values, 2).find("picture 8 "), std::string::npos) << refusal(values, 2);
  }
}

TEST(Features, OfTooFewPicturesAreRefused) {
  EXPECT_NE(refusal(std::vector<float>(10), 2).find("expected 6"), std::string::npos);
  EXPECT_EQ(refusal(std::vector<float>(12), 2), "was taken");
}

TEST(Frechet, OfNumbersIsThatOfMeansAndDeviations) {
  // Means 0 and 3; variances 4 * 9 / 5 and 4 * 1 / 5.
  const double distance = frechet_distance(line({3, 3, -3, -3, 0, 0}), line({4, 4, 2, 2, 3, 3}));
  EXPECT_NEAR(distance, 9 + std::pow(std::sqrt(7.2) - std::sqrt(.8), 2), 1e-12);
}

TEST(Frechet, OfEqualSetsIsZeroAndNotBelow) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    const Features f = features(drawn(60, 20, seed));
    const double distance = frechet_distance(f, f);
    EXPECT_NEAR(distance, 0, 1e-10);
    EXPECT_GE(distance, 0) << seed;
  }
}

TEST(Frechet, OfTwoFeaturesHasAClosedForm) {
  const Vectors a = drawn(40, 2, 2);
  Vectors b = drawn(30, 2, 3, .5F);
  for (auto& v : b) v[0] = 2 * v[0] - v[1];
  EXPECT_NEAR(frechet_distance(features(a), features(b)), naive_frechet_in_two(a, b), 1e-10);
  EXPECT_NEAR(frechet_distance(features(b), features(a)), naive_frechet_in_two(a, b), 1e-10);
}

// Seven vectors have a covariance of rank 6. What rounding leaves of the 44 eigenvalues that are 0
// would add up to 1e-7.
TEST(Frechet, TakesFewerVectorsThanFeatures) {
  const Vectors a = drawn(7, 50, 4);
  Vectors b = a;
  for (auto& v : b) v[3] += 2;
  EXPECT_NEAR(frechet_distance(features(a), features(a)), 0, 1e-11);
  EXPECT_NEAR(frechet_distance(features(a), features(b)), 4, 1e-6);  // of floats
}

TEST(Frechet, OfNoVarianceIsThatOfTheMeans) {
  EXPECT_EQ(frechet_distance(line(std::vector<float>(6, 1)), line(std::vector<float>(9, 3))), 4);
}

TEST(Kernel, IsTheUnbiasedSquaredDiscrepancy) {
  // (0 + 1)^3 of the real pairs and those between, (1 + 1)^3 of the generated.
  const Distances d = compare(line(std::vector<float>(6, 0)), line(std::vector<float>(7, 1)), 1);
  EXPECT_DOUBLE_EQ(d.kernel, 1 + 8 - 2);
}

TEST(Balls, AreCountedOnALine) {
  // A 6 is in the balls of 4 (to 8) and of 5 (to 10), and on the boundary of those of 0 and of 3.
  const Features real = line({0, 1, 2, 3, 4, 5});
  Distances d = compare(real, line({6, 6, 6, 6, 6, 20}), 1);
  EXPECT_DOUBLE_EQ(d.precision, 5.0 / 6);
  EXPECT_DOUBLE_EQ(d.density, 10.0 / (5 * 6));
  EXPECT_DOUBLE_EQ(d.coverage, 2.0 / 6);
  EXPECT_DOUBLE_EQ(d.recall, 1);  // those of the 6s reach to 20
  d = compare(real, line({6, 6, 6, 6, 6, 6, 20}), 1);
  EXPECT_DOUBLE_EQ(d.recall, 0);  // they have no room
  d = compare(real, line({8, 8, 8, 8, 8, 13}), 1);
  EXPECT_DOUBLE_EQ(d.recall, 2.0 / 6);  // the 8s reach to 3, where nothing is inside
}

TEST(Balls, OfEqualSetsHoldAllOfThem) {
  const Features f = features(drawn(150, 8, 6));
  const Distances d = compare(f, f, 2);
  EXPECT_EQ(d.precision, 1);
  EXPECT_EQ(d.recall, 1);
  EXPECT_EQ(d.coverage, 1);
  EXPECT_DOUBLE_EQ(d.density, 1);  // itself and four neighbours
}

TEST(Distances, AreThoseOfNaiveCode) {
  const Vectors real = drawn(150, 7, 7), generated = drawn(131, 7, 8, .7F);
  const Distances d = compare(features(real), features(generated), 2);
  const Distances expected = naive_distances(real, generated);
  EXPECT_NEAR(d.kernel, expected.kernel, 1e-9 * std::abs(expected.kernel));
  EXPECT_NEAR(d.precision, expected.precision, 1e-12);
  EXPECT_NEAR(d.recall, expected.recall, 1e-12);
  EXPECT_NEAR(d.density, expected.density, 1e-12);
  EXPECT_NEAR(d.coverage, expected.coverage, 1e-12);
}

TEST(Distances, DoNotDependOnTheNumberOfThreads) {
  const Vectors real = drawn(300, 9, 9), generated = drawn(333, 9, 10);
  const Features a = features(real, 1), b = features(generated, 1);
  const Features c = features(real, 3), d = features(generated, 3);
  EXPECT_EQ(a.radii, c.radii);
  EXPECT_EQ(a.kernel_mean, c.kernel_mean);
  const Distances one = compare(a, b, 1), three = compare(c, d, 3);
  EXPECT_EQ(one.frechet, three.frechet);
  EXPECT_EQ(one.kernel, three.kernel);
  EXPECT_EQ(one.precision, three.precision);
  EXPECT_EQ(one.recall, three.recall);
  EXPECT_EQ(one.density, three.density);
  EXPECT_EQ(one.coverage, three.coverage);
}

TEST(Distances, OfOtherFeaturesAreRefused) {
  EXPECT_THROW(compare(features(drawn(9, 2, 1)), features(drawn(9, 3, 1)), 1), Error);
}

// As numpy, scipy.linalg.sqrtm and the package prdc find them: make_fixture.py.
TEST(Distances, AreThoseOfPublishedPrograms) {
  const SafetensorsFile file(fixture("distances.safetensors"));
  const auto read = [&](const char* name) {
    return describe_features(file.f32(name), file.shape(name)[1], 2);
  };
  const auto expected = [&](const char* name) { return std::stod(file.metadata().at(name)); };
  const Distances d = compare(read("real"), read("generated"), 2);
  EXPECT_NEAR(d.frechet, expected("frechet"), 1e-8 * expected("frechet"));
  EXPECT_NEAR(d.kernel, expected("kernel"), 1e-10 * expected("kernel"));
  EXPECT_NEAR(d.precision, expected("precision"), 1e-12);
  EXPECT_NEAR(d.recall, expected("recall"), 1e-12);
  EXPECT_NEAR(d.density, expected("density"), 1e-12);
  EXPECT_NEAR(d.coverage, expected("coverage"), 1e-12);
}

}  // namespace
}  // namespace dcgan::test
