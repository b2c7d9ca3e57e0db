// A chain of layers as Sequential, with all that it folds and plans, beside the same layers one by
// one in double: the same values, all but kernels drawn anew, and the same dropout masks.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "nn/sequential.h"
#include "ref/network.h"

namespace dcgan::test {

using ref::Vector;

struct Chain {
  std::string name;
  SampleShape input;
  std::vector<LayerSpec> layers;
  bool batch_norm = false;  // a part of a batch has no gradient of its own
};

inline void PrintTo(const Chain& c, std::ostream* out) { *out << c.name; }

class ChainTest : public testing::TestWithParam<std::tuple<Chain, std::string>> {
 protected:
  static constexpr std::int64_t max_rows = 6;

  explicit ChainTest(Penalty penalty = Penalty::none)
      : backend_(make_backend(std::get<1>(GetParam()), 1)),
        network_(*backend_, "generator", chain().layers, chain().input, max_rows, penalty),
        reference_("generator", chain().layers, chain().input) {
    network_.initialise(3);
    reference_.initialise(3);
    // Biases, gamma ... and moving statistics other than their initial values.
    unsigned seed = 100;
    for (const auto* list : {&network_.parameters(), &network_.moving_statistics()})
      for (const TensorView& t : *list) {
        Vector& value = reference_.values.at(t.name);
        if (!t.name.ends_with(".kernel")) value = draw(value.size(), ++seed, 0.5);
        for (double& v : value) {
          if (t.name.ends_with("gamma") || t.name.ends_with("variance")) v = 1 + std::abs(v);
          v = static_cast<float>(v);
        }
        const bool moving = list == &network_.moving_statistics();
        upload((moving ? network_.moving() : network_.values()) + t.offset, value);
      }
    for (const DropoutLayer& dropout : network_.dropouts()) {
      std::mt19937 random(++seed);
      std::vector<std::uint8_t>& mask = masks_.emplace_back();
      for (std::int64_t i = 0; i < max_rows * dropout.shape.size(); ++i)
        mask.push_back(random() % 10 < 7);
      backend_->upload(dropout.keep.u8(), mask.data(), mask.size());
    }
  }

  const Chain& chain() const { return std::get<0>(GetParam()); }
  std::int64_t input_size() const { return chain().input.size(); }
  std::int64_t output_size() const { return network_.output().size(); }

  /// As floats hold them.
  static Vector draw(std::size_t count, unsigned seed, double scale = 1) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    Vector values(count);
    for (double& v : values) v = static_cast<float>(scale * normal(random));
    return values;
  }
  static Vector draw(std::int64_t count, unsigned seed) {
    return draw(static_cast<std::size_t>(count), seed);
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
  /// Rows [first, first + rows) of every mask.
  ref::Masks masks(std::int64_t first, std::int64_t rows) const {
    ref::Masks part;
    for (const auto& mask : masks_) {
      const auto per_row = static_cast<std::ptrdiff_t>(mask.size()) / max_rows;
      part.emplace_back(mask.begin() + first * per_row, mask.begin() + (first + rows) * per_row);
    }
    return part;
  }
  static Vector rows_of(const Vector& v, std::int64_t first, std::int64_t rows, std::int64_t size) {
    return {v.begin() + first * size, v.begin() + (first + rows) * size};
  }
  /// `bound`: of the largest entry.
  static void expect_near(const Vector& got, const Vector& expected, const std::string& what,
                          double bound = 5e-6) {  // measured are at most 1.2e-6
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

inline std::vector<std::string> backends() {
  std::vector<std::string> names;
  for (const BackendStatus& b : backend_statuses())
    if (b.why_unavailable.empty()) names.push_back(b.name);
  return names;
}

inline std::string name_of(const testing::TestParamInfo<std::tuple<Chain, std::string>>& info) {
  std::string name = std::get<0>(info.param).name + "_" + std::get<1>(info.param);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

}  // namespace dcgan::test
