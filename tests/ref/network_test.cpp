// The reference network by central differences, through every kind of layer.
#include "ref/network.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ref/vectors.h"

namespace dcgan::ref {
namespace {

class NetworkGradients : public testing::Test {
 protected:
  static constexpr std::int64_t rows = 3;

  NetworkGradients() {
    network.initialise(1);
    for (const Parameter& p : network.parameters())
      if (!p.name.ends_with(".kernel")) network.values[p.name] = draw(p.size(), 3);
  }

  double loss(const Vector& at) {
    Network copy = network;  // the moving statistics stay
    return dot(dy, copy.forward(rows, at, masks));
  }

  Network network{"generator",
                  {layer::Dense{24}, layer::BatchNorm{0.9, 1e-3}, layer::LeakyReLU{0.3},
                   layer::Reshape{{2, 3, 4}}, layer::ConvTranspose2d{3, 5, 2}, layer::Tanh{},
                   layer::Conv2d{2, 3, 1}, layer::LeakyReLU{0.2}, layer::Dropout{0.25},
                   layer::Reshape{{1, 1, 48}}, layer::Dense{2, false}},
                  {1, 1, 5}};
  const Vector x = draw(rows * 5, 1), dy = draw(rows * 2, 2);
  const Masks masks = {keep_mask({1, 2, 3}, 0.25F, rows * 48)};
};

TEST_F(NetworkGradients, EqualDifferences) {
  constexpr double h = 1e-6, tolerance = 1e-7;
  network.forward(rows, x, masks);
  const Vector dx = network.backward(dy);
  const Vector along_x = draw(x.size(), 4);
  Vector above = x, below = x;
  for (std::size_t i = 0; i < x.size(); ++i) above[i] += h * along_x[i], below[i] -= h * along_x[i];
  const double slope = (loss(above) - loss(below)) / (2 * h);
  EXPECT_NEAR(slope, dot(dx, along_x), tolerance * (1 + std::abs(slope)));
  for (const Parameter& p : network.parameters()) {
    const Vector middle = network.values[p.name], along = draw(middle.size(), 5);
    double losses[2];
    for (const int side : {0, 1}) {
      Vector& value = network.values[p.name];
      for (std::size_t i = 0; i < value.size(); ++i)
        value[i] = middle[i] + (side == 0 ? -h : h) * along[i];
      losses[side] = loss(x);
      value = middle;
    }
    const double difference = (losses[1] - losses[0]) / (2 * h);
    EXPECT_NEAR(difference, dot(network.gradients[p.name], along),
                tolerance * (1 + std::abs(difference)))
        << p.name;
  }
}

TEST_F(NetworkGradients, AddUpOverPasses) {
  network.forward(rows, x, masks);
  network.backward(dy);
  const Tensors once = network.gradients;
  network.backward(dy);
  for (const auto& [name, gradient] : once)
    for (std::size_t i = 0; i < gradient.size(); ++i)
      EXPECT_DOUBLE_EQ(network.gradients[name][i], 2 * gradient[i]) << name;
}

// With the statistics of one batch alone, inference is training without dropout.
TEST_F(NetworkGradients, InferenceUsesTheMovingStatistics) {
  Network quick("generator", {layer::Dense{4}, layer::BatchNorm{0, 1e-3}, layer::Dropout{0.5}},
                {1, 1, 5});
  quick.initialise(1);
  const Masks all{std::vector<std::uint8_t>(rows * 4, 1)};
  Vector trained = quick.forward(rows, x, all);
  const Vector inferred = quick.infer(rows, x);
  for (std::size_t i = 0; i < trained.size(); ++i) EXPECT_NEAR(trained[i] / 2, inferred[i], 1e-12);
}

}  // namespace
}  // namespace dcgan::ref
