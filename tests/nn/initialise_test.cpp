// What training starts from: kernels within Glorot and Bengio's limits, from the documented
// addresses, and everything else 0 or 1.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>

#include "models/models.h"
#include "nn/sequential.h"
#include "ref/network.h"

namespace dcgan::test {
namespace {

std::vector<float> download(Backend& backend, const float* from, std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  backend.download(values.data(), from, values.size() * sizeof(float));
  return values;
}

std::vector<float> tensor(Backend& backend, const Sequential& network, const std::string& name) {
  for (const TensorView& t : network.parameters())
    if (t.name == network.name() + "." + name)
      return download(backend, network.values() + t.offset, t.size());
  ADD_FAILURE() << "there is no " << name;
  return {};
}

class Initialise : public testing::TestWithParam<const char*> {
 protected:
  static constexpr std::uint64_t seed = 0x123456789abcdef;
  Initialise() {
    config_.width = config_.preset == "vanilla-64"         ? 1.0 / 64
                    : config_.preset.starts_with("dcgan-") ? 1.0 / 8
                                                           : 0.25;
  }
  struct Pair {
    std::unique_ptr<Sequential> network;
    ref::Network reference;
  };
  std::vector<Pair> networks() const {
    std::vector<Pair> all;
    for (const auto& [name, input, layers, rows] : network_specs(config_))
      all.push_back({std::make_unique<Sequential>(*backend_, name, layers, input, 1),
                     ref::Network(name, layers, input)});
    return all;
  }

  const std::unique_ptr<Backend> backend_ = make_backend("cpu", 1);
  Config config_ = preset_config(GetParam());
};

TEST_P(Initialise, GivesEveryTensorItsDocumentedValues) {
  for (auto& [owner, reference] : networks()) {
    Sequential& network = *owner;
    // Whatever was there before.
    const std::vector<float> used(static_cast<std::size_t>(network.flat_size()), 7.0F);
    for (float* flat : {network.values(), network.gradients(), network.adam_m(), network.adam_v()})
      backend_->upload(flat, used.data(), used.size() * sizeof(float));
    network.initialise(seed);
    reference.initialise(seed);
    ASSERT_EQ(network.parameters().size(), reference.parameters().size());
    ASSERT_EQ(network.moving_statistics().size(), reference.moving_statistics().size());
    const auto expect_values = [&](const TensorView& t, const ref::Parameter& p, const float* flat,
                                   const ref::Vector& values) {
      EXPECT_EQ(t.name, p.name);
      EXPECT_EQ(t.shape, p.shape) << t.name;
      const std::vector<float> got = download(*backend_, flat + t.offset, t.size());
      ASSERT_EQ(got.size(), values.size()) << t.name;
      for (std::size_t i = 0; i < got.size(); ++i)
        ASSERT_FLOAT_EQ(got[i], static_cast<float>(values[i])) << t.name << ", entry " << i;
    };
    for (std::size_t i = 0; i < network.parameters().size(); ++i)
      expect_values(network.parameters()[i], reference.parameters()[i], network.values(),
                    reference.values.at(network.parameters()[i].name));
    for (std::size_t i = 0; i < network.moving_statistics().size(); ++i)
      expect_values(network.moving_statistics()[i], reference.moving_statistics()[i],
                    network.moving(), reference.values.at(network.moving_statistics()[i].name));
    for (const float* flat : {network.gradients(), network.adam_m(), network.adam_v()})
      for (const float value : download(*backend_, flat, network.flat_size()))
        ASSERT_EQ(value, 0.0F) << network.name();
  }
}

// Apart from the addresses: what Keras's glorot_uniform promises of a kernel's values.
TEST_P(Initialise, DrawsEachKernelEvenlyUpToItsLimit) {
  for (const auto& [owner, reference] : networks()) {
    Sequential& network = *owner;
    network.initialise(seed);
    for (const ref::Parameter& p : reference.parameters()) {
      if (!p.name.ends_with(".kernel") || p.size() < 1000) continue;
      const double limit = std::sqrt(6.0 / static_cast<double>(p.fan_in + p.fan_out));
      const std::vector<float> values =
          tensor(*backend_, network, p.name.substr(network.name().size() + 1));
      double sum = 0, squares = 0, largest = 0;
      for (const float v : values) {
        sum += static_cast<double>(v);
        squares += static_cast<double>(v) * static_cast<double>(v);
        largest = std::max(largest, std::abs(static_cast<double>(v)));
      }
      const auto n = static_cast<double>(values.size());
      EXPECT_LE(largest, limit * (1 + 1e-6)) << p.name;
      EXPECT_GE(largest, limit * (1 - 20 / n)) << p.name;  // missed once in e^10
      // Five standard deviations of a mean of n values, and of their squares.
      EXPECT_NEAR(sum / n, 0, 5 * limit / std::sqrt(3 * n)) << p.name;
      EXPECT_NEAR(squares / n, limit * limit / 3, 5 * limit * limit * std::sqrt(4 / (45 * n)))
          << p.name;
      std::vector<float> sorted = values;
      std::sort(sorted.begin(), sorted.end());
      const auto distinct = std::unique(sorted.begin(), sorted.end()) - sorted.begin();
      EXPECT_GE(static_cast<double>(distinct), 0.99 * n) << p.name << " repeats itself";
    }
  }
}

TEST_P(Initialise, DiffersByNetworkTensorAndSeed) {
  std::set<std::vector<float>> beginnings;
  std::size_t kernels = 0;
  for (const std::uint64_t other : {seed, seed + 1, seed + (std::uint64_t{1} << 32)})
    for (const auto& [owner, reference] : networks()) {
      Sequential& network = *owner;
      network.initialise(other);
      for (const ref::Parameter& p : reference.parameters()) {
        if (!p.name.ends_with(".kernel")) continue;
        const std::vector<float> values =
            tensor(*backend_, network, p.name.substr(network.name().size() + 1));
        // Divided by the limit, so that equal draws are equal.
        const double limit = std::sqrt(6.0 / static_cast<double>(p.fan_in + p.fan_out));
        std::vector<float> beginning;
        for (std::size_t i = 0; i < 2; ++i)
          beginning.push_back(
              static_cast<float>(std::round(static_cast<double>(values[i]) / limit * 1e5)));
        beginnings.insert(beginning);
        ++kernels;
      }
    }
  EXPECT_EQ(beginnings.size(), kernels);
}

std::string name_of(const testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Presets, Initialise,
                         testing::Values("vanilla", "dcgan", "tf-tutorial", "vanilla-64",
                                         "dcgan-32", "dcgan-64", "dcgan-128", "classifier",
                                         "judge"),
                         name_of);

// Networks of other names than a GAN's have their own bits, too.
TEST(Initialise, DiffersByTheNamesOfNetworks) {
  const auto backend = make_backend("cpu", 1);
  std::set<std::vector<float>> kernels;
  const std::vector<std::string> names = {"generator", "discriminator", "classifier", "judge", ""};
  for (const std::string& name : names) {
    Sequential network(*backend, name, {layer::Dense{4}}, {1, 1, 4}, 1);
    network.initialise(1);
    kernels.insert(tensor(*backend, network, "dense1.kernel"));
  }
  EXPECT_EQ(kernels.size(), names.size());
}

/// The largest entry of a kernel, and the limit it is drawn up to.
void expect_limit(const Sequential& network, Backend& backend, const std::string& name,
                  double limit) {
  double largest = 0;
  for (const float v : tensor(backend, network, name))
    largest = std::max(largest, std::abs(static_cast<double>(v)));
  EXPECT_LE(largest, limit * (1 + 1e-6)) << name;
  EXPECT_GT(largest, limit * 0.97) << name;
}

// Worked out from the layers of the notebook's DCGAN.
TEST(Initialise, LimitsAreThoseOfTheFans) {
  const auto backend = make_backend("cpu", 1);
  const Config config = preset_config("dcgan");
  const GanSpec spec = gan_spec(config);
  Sequential generator(*backend, "generator", spec.generator, {1, 1, 100}, 1);
  Sequential discriminator(*backend, "discriminator", spec.discriminator, spec.image, 1);
  generator.initialise(1);
  discriminator.initialise(1);
  expect_limit(generator, *backend, "dense1.kernel", std::sqrt(6.0 / (100 + 6272)));
  expect_limit(generator, *backend, "conv_transpose1.kernel", std::sqrt(6.0 / (25 * (128 + 64))));
  expect_limit(generator, *backend, "conv_transpose3.kernel", std::sqrt(6.0 / (25 * (32 + 1))));
  expect_limit(discriminator, *backend, "conv1.kernel", std::sqrt(6.0 / (25 * (1 + 32))));
  expect_limit(discriminator, *backend, "conv2.kernel", std::sqrt(6.0 / (25 * (32 + 64))));
  expect_limit(discriminator, *backend, "dense1.kernel", std::sqrt(6.0 / (3136 + 1)));
}

}  // namespace
}  // namespace dcgan::test
