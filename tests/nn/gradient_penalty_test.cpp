// Gradients of a loss with a gradient penalty against central differences of the penalised loss
// itself, in double, one parameter at a time.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <tuple>

#include "dcgan/error.h"
#include "nn/sequential.h"
#include "ref/network.h"

namespace dcgan::test {
namespace {

using ref::Vector;

struct Chain {
  std::string name;
  SampleShape input;
  std::vector<LayerSpec> layers;
};

void PrintTo(const Chain& c, std::ostream* out) { *out << c.name; }

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
      {"no_bias", {1, 1, 6}, {layer::Dense{3, false}, leaky, layer::Dense{1, false}}},
  };
}

class PenaltyTest : public testing::TestWithParam<std::tuple<Chain, std::string>> {
 protected:
  static constexpr std::int64_t max_rows = 5;
  static constexpr double factor = 0.7;

  PenaltyTest()
      : backend_(make_backend(std::get<1>(GetParam()), 1)),
        network_(*backend_, "discriminator", chain().layers, chain().input, max_rows,
                 Penalty::gradient),
        reference_("discriminator", chain().layers, chain().input) {
    network_.initialise(3);
    reference_.initialise(3);
    unsigned seed = 100;
    for (const TensorView& t : network_.parameters()) {
      Vector& value = reference_.values.at(t.name);
      if (!t.name.ends_with(".kernel")) value = draw(value.size(), ++seed);
      for (double& v : value) v = static_cast<float>(v);
      upload(network_.values() + t.offset, value);
    }
    for (const DropoutLayer& dropout : network_.dropouts()) {
      std::mt19937 random(++seed);
      std::vector<std::uint8_t>& mask = masks_.emplace_back();
      for (std::int64_t i = 0; i < max_rows * dropout.shape.size(); ++i)
        mask.push_back(random() % 4 != 0);
      backend_->upload(dropout.keep.u8(), mask.data(), mask.size());
    }
  }

  const Chain& chain() const { return std::get<0>(GetParam()); }

  static Vector draw(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    Vector values(count);
    for (double& v : values) v = static_cast<float>(normal(random));
    return values;
  }
  void upload(float* to, const Vector& values) {
    const std::vector<float> floats(values.begin(), values.end());
    backend_->upload(to, floats.data(), floats.size() * sizeof(float));
  }
  Buffer on_device(const Vector& values) {
    Buffer buffer = backend_->allocate(values.size() * sizeof(float));
    upload(buffer.f32(), values);
    return buffer;
  }
  Vector download(const float* from, std::int64_t count) {
    std::vector<float> floats(static_cast<std::size_t>(count));
    backend_->download(floats.data(), from, floats.size() * sizeof(float));
    return {floats.begin(), floats.end()};
  }
  ref::Masks masks(std::int64_t rows) const {
    ref::Masks part;
    for (const auto& mask : masks_)
      part.emplace_back(mask.begin(),
                        mask.begin() + static_cast<std::ptrdiff_t>(mask.size()) / max_rows * rows);
    return part;
  }

  /// sum adjoint * D + factor / 2 * sum |dD/dx|^2
  double penalised_loss(const Vector& x, const Vector& adjoint) {
    const auto rows = static_cast<std::int64_t>(adjoint.size());
    const Vector d = reference_.forward(rows, x, masks(rows));
    double loss = 0;
    for (std::size_t i = 0; i < d.size(); ++i) loss += adjoint[i] * d[i];
    for (const double g : reference_.backward(Vector(d.size(), 1))) loss += factor / 2 * g * g;
    return loss;
  }
  /// By one parameter after the other.
  Vector differences(const std::string& tensor, const Vector& x, const Vector& adjoint) {
    constexpr double h = 1e-5;
    Vector& value = reference_.values.at(tensor);
    Vector slopes;
    for (double& v : value) {
      const double middle = v;
      double sides[2];
      for (const int side : {0, 1}) {
        v = middle + (side == 0 ? -h : h);
        sides[side] = penalised_loss(x, adjoint);
      }
      v = middle;
      slopes.push_back((sides[1] - sides[0]) / (2 * h));
    }
    return slopes;
  }
  static void expect_near(const Vector& got, const Vector& expected, const std::string& what) {
    constexpr double bound = 1e-5;  // of the largest entry
    ASSERT_EQ(got.size(), expected.size()) << what;
    double largest = 0, worst = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
      const double error = std::abs(got[i] - expected[i]);
      if (!(error <= worst)) worst = error;
      largest = std::max(largest, std::abs(expected[i]));
    }
    EXPECT_LE(worst, bound * largest) << what;
  }

  const std::unique_ptr<Backend> backend_;
  Sequential network_;
  ref::Network reference_;
  ref::Masks masks_;
};

TEST_P(PenaltyTest, GradientsEqualDifferencesOfThePenalisedLoss) {
  for (const std::int64_t rows : {max_rows, std::int64_t{3}}) {
    const Vector x = draw(static_cast<std::size_t>(rows * chain().input.size()), 4);
    const Vector adjoint = draw(static_cast<std::size_t>(rows), 2);
    const Buffer device_x = on_device(x), device_adjoint = on_device(adjoint), dx = on_device(x),
                 norms = on_device(adjoint);
    network_.forward(rows, device_x.f32(), Mode::training);
    upload(network_.gradients(), Vector(static_cast<std::size_t>(network_.flat_size()), 9));
    network_.backward_penalised({.rows = rows,
                                 .adjoint = device_adjoint.f32(),
                                 .factor = static_cast<float>(factor),
                                 .dx = dx.f32(),
                                 .squared_norms = norms.f32()});
    reference_.forward(rows, x, masks(rows));
    const Vector slope = reference_.backward(Vector(adjoint.size(), 1));
    expect_near(download(dx.f32(), static_cast<std::int64_t>(slope.size())), slope, "dD/dx");
    Vector squares(adjoint.size());
    for (std::size_t i = 0; i < slope.size(); ++i)
      squares[i * adjoint.size() / slope.size()] += slope[i] * slope[i];
    expect_near(download(norms.f32(), rows), squares, "|dD/dx|^2");
    ASSERT_GT(reference_.nearest_kink(), 1e-4) << "too near to LeakyReLU's kink to compare";
    for (const TensorView& t : network_.parameters())
      expect_near(download(network_.gradients() + t.offset, t.size()),
                  differences(t.name, x, adjoint), t.name);
  }
}

std::vector<std::string> backends() {
  std::vector<std::string> names;
  for (const BackendStatus& b : backend_statuses())
    if (b.why_unavailable.empty()) names.push_back(b.name);
  return names;
}

std::string name_of(const testing::TestParamInfo<std::tuple<Chain, std::string>>& info) {
  std::string name = std::get<0>(info.param).name + "_" + std::get<1>(info.param);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Chains, PenaltyTest,
                         testing::Combine(testing::ValuesIn(chains()),
                                          testing::ValuesIn(backends())),
                         name_of);

TEST(Penalty, RefusesNetworksThatAreNotPiecewiseLinearWithOneOutput) {
  const auto backend = make_backend("cpu", 1);
  const layer::LeakyReLU leaky{0.2};
  const auto build = [&](const std::vector<LayerSpec>& layers) {
    Sequential network(*backend, "network", layers, {1, 1, 4}, 2, Penalty::gradient);
  };
  EXPECT_NO_THROW(build({layer::Dense{3}, leaky, layer::Dense{1}}));
  EXPECT_THROW(build({layer::Dense{3}, leaky, layer::Dense{2}}), UsageError);
  EXPECT_THROW(build({layer::Dense{3}, layer::Tanh{}, layer::Dense{1}}), UsageError);
  EXPECT_THROW(build({layer::Dense{3}, layer::BatchNorm{0.9, 1e-3}, layer::Dense{1}}), UsageError);
  EXPECT_THROW(build({leaky, layer::Dense{1}}), UsageError);
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
