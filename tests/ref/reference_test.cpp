// The references themselves, by central differences of their forward functions.
#include "ref/reference.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "ref/vectors.h"

namespace dcgan::ref {
namespace {

/// d <weights, f(x)> / dx by central differences, against `gradient`.
void expect_gradient(const std::function<Vector(const Vector&)>& f, Vector x, const Vector& weights,
                     const Vector& gradient) {
  ASSERT_EQ(x.size(), gradient.size());
  constexpr double h = 1e-5;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double middle = x[i];
    x[i] = middle + h;
    const double above = dot(weights, f(x));
    x[i] = middle - h;
    const double below = dot(weights, f(x));
    x[i] = middle;
    EXPECT_NEAR((above - below) / (2 * h), gradient[i], 1e-6 * (1 + std::abs(gradient[i]))) << i;
  }
}

TEST(Reference, DenseGradientsEqualDifferences) {
  const DenseShape s{3, 4, 5};
  const Vector x = draw(12, 1), w = draw(20, 2), dz = draw(15, 3);
  expect_gradient([&](const Vector& v) { return dense(s, v, w); }, x, dz,
                  dense_backward_data(s, dz, w));
  expect_gradient([&](const Vector& v) { return dense(s, x, v); }, w, dz,
                  dense_backward_weights(s, x, dz));
}

class Convolutions : public testing::TestWithParam<ConvShape> {};

TEST_P(Convolutions, GradientsEqualDifferences) {
  const ConvShape s = GetParam();
  const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  const Vector x = draw(size(s.batch * s.height * s.width * s.in), 1);
  const Vector w = draw(size(s.kernel * s.kernel * s.in * s.out), 2);
  const Vector dz = draw(conv2d(s, x, w).size(), 3), dt = draw(conv_transpose2d(s, x, w).size(), 4);
  expect_gradient([&](const Vector& v) { return conv2d(s, v, w); }, x, dz,
                  conv2d_backward_data(s, dz, w));
  expect_gradient([&](const Vector& v) { return conv2d(s, x, v); }, w, dz,
                  conv2d_backward_weights(s, x, dz));
  expect_gradient([&](const Vector& v) { return conv_transpose2d(s, v, w); }, x, dt,
                  conv_transpose2d_backward_data(s, dt, w));
  expect_gradient([&](const Vector& v) { return conv_transpose2d(s, x, v); }, w, dt,
                  conv_transpose2d_backward_weights(s, x, dt));
}

INSTANTIATE_TEST_SUITE_P(Shapes, Convolutions,
                         testing::Values(ConvShape{2, 4, 3, 2, 3, 3, 1},
                                         ConvShape{1, 5, 4, 1, 2, 5, 2},
                                         ConvShape{1, 1, 1, 2, 2, 5, 2},
                                         ConvShape{1, 4, 4, 2, 1, 5, 1}));

// Hand-worked: what 'same' pads, and what a transposed convolution of stride 2 drops.
TEST(Reference, SamePaddingPutsTheLargerHalfBehind) {
  // Input 4, stride 2, kernel 5: 2 outputs, padding 3, of which 1 before: taps at -1 .. 3 and 1
  // .. 5.
  const ConvShape s{1, 1, 4, 1, 1, 5, 2};
  Vector kernel(25, 0.0);
  const Vector row = {1, 10, 100, 1000, 10000};
  // Height 1: one output row, padding 4, so the image meets the kernel's middle row.
  std::copy(row.begin(), row.end(), kernel.begin() + 10);
  EXPECT_EQ(conv2d(s, {1, 2, 3, 4}, kernel), (Vector{43210, 432}));
  // The scatter of a 1 at the left of a width of 2: taps land at -1 .. 3, the first is dropped. Of
  // its rows they land at -1 .. 3 of a height of 2, so the kernel's middle one is the last.
  EXPECT_EQ(conv_transpose2d({1, 1, 2, 1, 1, 5, 2}, {1, 0}, kernel),
            (Vector{0, 0, 0, 0, 10, 100, 1000, 10000}));
}

TEST(Reference, BatchNormGradientsEqualDifferences) {
  const BatchNormShape s{7, 3, 0.9F, 1e-3F, Activation::leaky_relu, 0.3F};
  const Vector x = draw(21, 1), gamma = draw(3, 2), beta = draw(3, 3), dy = draw(21, 4), zero(3);
  const BatchNormBackward b = batch_norm_backward(s, x, gamma, beta, dy);
  expect_gradient([&](const Vector& v) { return batch_norm(s, v, gamma, beta, zero, zero).y; }, x,
                  dy, b.dx);
  expect_gradient([&](const Vector& v) { return batch_norm(s, x, v, beta, zero, zero).y; }, gamma,
                  dy, b.dgamma);
  expect_gradient([&](const Vector& v) { return batch_norm(s, x, gamma, v, zero, zero).y; }, beta,
                  dy, b.dbeta);
}

TEST(Reference, EpilogueGradientsEqualDifferences) {
  for (const Activation a : {Activation::none, Activation::leaky_relu, Activation::tanh}) {
    const Epilogue e{true, a, 0.3F, 0.25F};
    const Vector z = draw(12, 1), bias = draw(3, 2), dy = draw(12, 3);
    const std::vector<std::uint8_t> keep = {1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 1};
    const EpilogueBackward b = epilogue_backward(e, 3, z, bias, keep, dy);
    expect_gradient([&](const Vector& v) { return epilogue(e, 3, v, bias, keep); }, z, dy, b.dz);
    expect_gradient([&](const Vector& v) { return epilogue(e, 3, z, v, keep); }, bias, dy, b.dbias);
  }
}

TEST(Reference, GanLossAdjointsEqualDifferences) {
  const Vector logits = draw(10, 1), one{1};
  for (const double smoothing : {0.0, 0.1}) {
    const double high = 1 - smoothing, low = smoothing;
    const GanLosses l = gan_loss(logits, high, low, high);
    expect_gradient(
        [&](const Vector& x) { return Vector{gan_loss(x, high, low, high).discriminator}; }, logits,
        one, l.discriminator_adjoint);
    Vector of_fakes(5);  // the real half has no part in L_G
    of_fakes.insert(of_fakes.end(), l.generator_adjoint.begin(), l.generator_adjoint.end());
    expect_gradient([&](const Vector& x) { return Vector{gan_loss(x, high, low, high).generator}; },
                    logits, one, of_fakes);
  }
}

TEST(Reference, RelativisticLossAdjointsEqualDifferences) {
  const Vector logits = draw(10, 1), one{1};
  for (const double target : {1.0, 0.9}) {
    const GanLosses l = relativistic_loss(logits, target, target);
    expect_gradient(
        [&](const Vector& x) { return Vector{relativistic_loss(x, target, target).discriminator}; },
        logits, one, l.discriminator_adjoint);
    Vector both;  // by the real logits, too: the pair's difference alone counts
    for (const double a : l.generator_adjoint) both.push_back(-a);
    both.insert(both.end(), l.generator_adjoint.begin(), l.generator_adjoint.end());
    expect_gradient(
        [&](const Vector& x) { return Vector{relativistic_loss(x, target, target).generator}; },
        logits, one, both);
  }
}

TEST(Reference, SoftmaxLossAdjointsEqualDifferences) {
  for (const std::size_t classes : {1, 2, 5}) {
    Vector logits = draw(6 * classes, 1);
    for (std::size_t j = 0; j < classes; ++j) logits[j] *= 8;  // sure of a class
    const int last = static_cast<int>(classes) - 1;
    const std::vector<int> labels = {0, last, 0, last, last / 2, last};
    expect_gradient([&](const Vector& x) { return Vector{softmax_loss(x, labels).loss}; }, logits,
                    {1}, softmax_loss(logits, labels).adjoint);
  }
}

TEST(Reference, ASoftmaxLossHasItsClosedForms) {
  const double three = std::log(3);  // of which e^x is 3
  const SoftmaxLosses l = softmax_loss({three, 0, 0, three, 5, 5, 5, 5}, {0, 0, 0, 1});
  EXPECT_NEAR(l.loss, (std::log(4.0 / 3) + std::log(4) + 2 * std::log(2)) / 4, 1e-15);
  EXPECT_EQ(l.right, 0.5);  // of equal logits the first is the answer
  EXPECT_NEAR(l.adjoint[0], -0.25 / 4, 1e-15);
  EXPECT_NEAR(l.adjoint[3], 0.75 / 4, 1e-15);
  // Far beyond what exp takes, and so near 0 that 1 - p is.
  EXPECT_NEAR(softmax_loss({-3000, 5000}, {0}).loss, 8000, 1e-9);
  EXPECT_NEAR(softmax_loss({50, 0}, {0}).loss / std::exp(-50), 1, 1e-12);
  EXPECT_NEAR(softmax_loss({50, 0}, {0}).adjoint[0] / std::exp(-50), -1, 1e-12);
}

// Keras 3 starts at m = v = 0; its first step is learning_rate * g / (|g| + epsilon / sqrt(1 -
// beta2)).
TEST(Reference, AdamsFirstStepHasItsClosedForm) {
  Vector m(2), v(2), w = {1, 1};
  adam({1e-3, 0.9, 0.99, 1e-8}, 1, {0.5, -2}, m, v, w);
  EXPECT_NEAR(w[0], 1 - 1e-3 * 0.5 / (0.5 + 1e-7), 1e-12);
  EXPECT_NEAR(w[1], 1 + 1e-3 * 2 / (2 + 1e-7), 1e-12);
  EXPECT_NEAR(m[0], 0.05, 1e-15);
  EXPECT_NEAR(v[1], 0.04, 1e-15);
}

TEST(Reference, AWeightedSumScalesTheRowsOfItsFirstPart) {
  const Vector a = {1, 2, 3, 4, 5, 6}, b = {10, 20, 30, 40, 50, 60};
  EXPECT_EQ(weighted_sum(2, 2, {1, -1}, a, 0.5, b), (Vector{7, 14, 21, 12, 15, 18}));
  EXPECT_EQ(weighted_sum(2, 2, {}, a, 0.5, b), (Vector{7, 14, 21, 28, 35, 42}));
}

TEST(Reference, DrawsHaveTheirMoments) {
  const RandomAddress address{7, 3, 1'000'000'000'000};
  const auto n = 100'000.0;
  double sum = 0, squares = 0, fourth = 0;
  for (const double z : normal(address, 100'000)) {
    sum += z;
    squares += z * z;
    fourth += z * z * z * z;
  }
  EXPECT_NEAR(sum / n, 0, 5 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1, 5 * std::sqrt(2 / n));
  EXPECT_NEAR(fourth / n, 3, 5 * std::sqrt(96 / n));
  double kept = 0, pairs = 0;  // neighbours that are both kept
  const std::vector<std::uint8_t> mask = keep_mask(address, 0.3F, 100'000);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    kept += mask[i];
    pairs += i > 0 && mask[i] && mask[i - 1];
  }
  EXPECT_NEAR(kept / n, 0.7, 5 * std::sqrt(0.21 / n));
  EXPECT_NEAR(pairs / n, 0.49, 5 * std::sqrt(0.6 / n));
}

}  // namespace
}  // namespace dcgan::ref
