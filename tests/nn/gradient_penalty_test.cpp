// Gradients of a loss with a gradient penalty against central differences of the penalised loss
// itself, in double, one parameter at a time.
#include <gtest/gtest.h>

#include "dcgan/error.h"
#include "nn/chain_test.h"

namespace dcgan::test {
namespace {

std::vector<Chain> chains() {
  const layer::LeakyReLU leaky{0.3};
  return {
      {"one_layer", {1, 1, 6}, {layer::Dense{1}}},
      {"dense",
       {1, 1, 7},
       {layer::Dense{5}, leaky, layer::Dense{4, false}, leaky, layer::Dense{1}}},
      {"convolutions",
       {8, 6, 1},
       {layer::Conv2d{4, 5, 2}, leaky, layer::Dropout{0.25}, layer::Conv2d{3, 3, 1}, leaky,
        layer::Conv2d{2, 3, 2, false}, layer::Reshape{{1, 1, 8}}, layer::Dense{1}}},
      // Where the sums over samples went to the bias itself, they would reach the next one.
      {"small_kernels",
       {6, 6, 1},
       {layer::Conv2d{2, 3, 1}, leaky, layer::Conv2d{2, 1, 1}, leaky, layer::Reshape{{1, 1, 72}},
        layer::Dense{1}}},
      {"no_bias", {1, 1, 6}, {layer::Dense{3, false}, leaky, layer::Dense{1, false}}},
      {"one_layer_of_codes", {1, 1, 4}, {layer::Dense{5}}},
      {"codes",
       {6, 4, 1},
       {layer::Conv2d{3, 3, 2}, leaky, layer::Reshape{{1, 1, 18}}, layer::Dense{3}}},
  };
}

class PenaltyTest : public ChainTest {
 protected:
  static constexpr double factor = 0.7;

  PenaltyTest() : ChainTest(Penalty::gradient) {}

  /// Of several outputs; of one, 1.
  Vector draw_codes(std::int64_t rows) const {
    return output_size() == 1 ? Vector(static_cast<std::size_t>(rows), 1)
                              : draw(rows * output_size(), 7);
  }
  /// sum adjoint * D + factor / 2 * sum |dD/dx|^2, where D is the sum of codes * outputs
  double penalised_loss(const Vector& x, const Vector& adjoint, const Vector& codes) {
    const auto rows = static_cast<std::int64_t>(adjoint.size());
    const Vector d = reference_.forward(rows, x, masks(0, rows));
    double loss = 0;
    for (std::size_t i = 0; i < d.size(); ++i)
      loss += adjoint[i * adjoint.size() / d.size()] * codes[i] * d[i];
    for (const double g : reference_.backward(codes)) loss += factor / 2 * g * g;
    return loss;
  }
  /// By one parameter after the other.
  Vector differences(const std::string& tensor, const Vector& x, const Vector& adjoint,
                     const Vector& codes) {
    constexpr double h = 1e-5;
    Vector& value = reference_.values.at(tensor);
    Vector slopes;
    for (double& v : value) {
      const double middle = v;
      double sides[2];
      for (const int side : {0, 1}) {
        v = middle + (side == 0 ? -h : h);
        sides[side] = penalised_loss(x, adjoint, codes);
      }
      v = middle;
      slopes.push_back((sides[1] - sides[0]) / (2 * h));
    }
    return slopes;
  }
};

TEST_P(PenaltyTest, GradientsEqualDifferencesOfThePenalisedLoss) {
  for (const std::int64_t rows : {std::int64_t{3}, max_rows, std::int64_t{3}}) {
    const Vector x = draw(rows * input_size(), 3);
    const Vector adjoint = draw(static_cast<std::size_t>(rows), 2);
    const Vector codes = draw_codes(rows);
    const Buffer device_x = on_device(x), device_adjoint = on_device(adjoint), dx = on_device(x),
                 device_codes = on_device(codes), norm = on_device({9});
    network_.forward(rows, device_x.f32(), Mode::training);
    upload(network_.gradients(), Vector(static_cast<std::size_t>(network_.flat_size()), 9));
    network_.backward_penalised({.rows = rows,
                                 .adjoint = device_adjoint.f32(),
                                 .factor = static_cast<float>(factor),
                                 .dx = dx.f32(),
                                 .squared_norm = norm.f32(),
                                 .codes = output_size() == 1 ? nullptr : device_codes.f32()});
    reference_.forward(rows, x, masks(0, rows));
    const Vector slope = reference_.backward(codes);
    expect_near(download(dx.f32(), static_cast<std::int64_t>(slope.size())), slope, "dD/dx");
    Vector square(1);
    for (const double g : slope) square[0] += g * g;
    expect_near(download(norm.f32(), 1), square, "|dD/dx|^2");
    ASSERT_GT(reference_.nearest_kink(), 1e-4) << "too near to LeakyReLU's kink to compare";
    for (const TensorView& t : network_.parameters())
      expect_near(download(network_.gradients() + t.offset, t.size()),
                  differences(t.name, x, adjoint, codes), t.name, 1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(Chains, PenaltyTest,
                         testing::Combine(testing::ValuesIn(chains()),
                                          testing::ValuesIn(backends())),
                         name_of);

TEST(Penalty, RefusesNetworksThatAreNotPiecewiseLinear) {
  const auto backend = make_backend("cpu", 1);
  const layer::LeakyReLU leaky{0.2};
  const auto build = [&](const std::vector<LayerSpec>& layers) {
    Sequential network(*backend, "network", layers, {1, 1, 4}, 2, Penalty::gradient);
  };
  EXPECT_NO_THROW(build({layer::Dense{3}, leaky, layer::Dense{1}}));
  EXPECT_NO_THROW(build({layer::Dense{3}, leaky, layer::Dense{2}}));
  EXPECT_THROW(build({layer::Dense{4}, leaky, layer::Reshape{{2, 2, 1}}, layer::Conv2d{1, 3, 1}}),
               UsageError);
  EXPECT_THROW(build({layer::Dense{3}, layer::Tanh{}, layer::Dense{1}}), UsageError);
  EXPECT_THROW(build({layer::Dense{3}, layer::BatchNorm{0.9, 1e-3}, layer::Dense{1}}), UsageError);
  EXPECT_THROW(build({leaky, layer::Dense{1}}), UsageError);
  EXPECT_THROW(build({layer::Dense{1}, leaky}), UsageError);
  EXPECT_THROW(build({layer::Dense{1}, layer::Dropout{0.5}}), UsageError);
}

TEST(Penalty, OfSeveralOutputsNeedsCodes) {
  const auto backend = make_backend("cpu", 1);
  Sequential network(*backend, "network", {layer::Dense{2}}, {1, 1, 4}, 2, Penalty::gradient);
  const Buffer memory = backend->allocate(64);
  network.forward(2, memory.f32(), Mode::training);
  EXPECT_THROW(network.backward_penalised({2, memory.f32(), 1, memory.f32(), memory.f32()}), Error);
}

TEST(Penalty, NeedsItsMemory) {
  const auto backend = make_backend("cpu", 1);
  Sequential network(*backend, "network", {layer::Dense{1}}, {1, 1, 4}, 2);
  const Buffer memory = backend->allocate(64);
  network.forward(2, memory.f32(), Mode::training);
  EXPECT_THROW(network.backward_penalised({2, memory.f32(), 1, memory.f32(), memory.f32()}), Error);
}

}  // namespace
}  // namespace dcgan::test
