// Whole training steps against Keras: losses, images and first-step gradients of a small tape that
// tools/keras/make_tape.py recorded.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "io/safetensors.h"
#include "models/models.h"
#include "train/checkpoint.h"
#include "train/gan.h"
#include "train/recipe.h"
#include "train/replay.h"
#include "train/temporary_folder.h"

namespace dcgan::test {
namespace {

constexpr double tolerance = 2e-5;  // of each tensor's largest entry

class Parity : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    fixture_ = std::make_unique<SafetensorsFile>(std::string(DCGAN_FIXTURES) + "/" + GetParam() +
                                                 ".safetensors");
  }

  std::string write_weights() {
    Config config = preset_config(GetParam());
    config.batch_size = 1;
    const auto backend = make_backend("cpu", 2);
    Gan gan(*backend, config);
    std::vector<HostTensor> weights;
    for (Sequential* network : {&gan.generator(), &gan.discriminator()})
      for (const auto* list : {&network->parameters(), &network->moving_statistics()})
        for (const TensorView& t : *list)
          weights.push_back({t.name, t.shape, recipe(t.name, t.shape)});
    write_safetensors(folder_.path("weights"), to_write(weights));
    return folder_.path("weights");
  }

  std::string write_tape() {
    const std::vector<std::uint8_t> bytes = fixture_->u8("real_u8");
    HostTensor real{"real", fixture_->shape("real_u8"), {}};
    for (const std::uint8_t p : bytes)
      real.data.push_back((static_cast<float>(p) - 127.5F) / 127.5F);
    const HostTensor noise{"noise", fixture_->shape("noise"), fixture_->f32("noise")};
    std::vector<TensorToWrite> tape = {{real.name, DType::f32, real.shape, real.data.data()},
                                       {noise.name, DType::f32, noise.shape, noise.data.data()}};
    std::vector<std::vector<std::uint8_t>> masks;
    masks.reserve(16);
    for (const auto& [name, shape_text] : fixture_->metadata()) {
      if (!name.starts_with("mask.")) continue;
      const auto shape = nlohmann::json::parse(shape_text).get<std::vector<std::int64_t>>();
      const std::vector<std::uint8_t> bits = fixture_->u8(name + ".bits");
      std::int64_t count = 1;
      for (const std::int64_t n : shape) count *= n;
      std::vector<std::uint8_t>& mask = masks.emplace_back();
      for (std::int64_t i = 0; i < count; ++i)
        mask.push_back(bits[static_cast<std::size_t>(i / 8)] >> (i % 8) & 1);
      tape.push_back({name, DType::u8, shape, mask.data()});
    }
    write_safetensors(folder_.path("tape"), tape);
    return folder_.path("tape");
  }

  TemporaryFolder folder_;
  std::unique_ptr<SafetensorsFile> fixture_;
};

TEST_P(Parity, StepsEqualKeras) {
  const std::string result_path = folder_.path("result");
  replay(preset_config(GetParam()), {write_weights(), write_tape(), result_path});
  const SafetensorsFile result(result_path);
  int judged = 0;
  for (const auto& [sample_name, entry] : fixture_->entries()) {
    if (!sample_name.starts_with("sample.")) continue;
    const std::string name = sample_name.substr(7);
    const std::vector<float> all = result.f32(name);
    const std::vector<float> expected = fixture_->f32(sample_name);
    const double largest = static_cast<double>(fixture_->f32("max." + name)[0]);
    const std::size_t n = expected.size();
    ASSERT_EQ(n, std::min<std::size_t>(64, all.size())) << name;
    // A bias in front of batch norm has a zero gradient in exact arithmetic; what is left of it is
    // rounding, and so is what Adam makes of it.
    const bool zero_gradient = GetParam() == "dcgan" && name.ends_with("generator.dense1.bias");
    const bool first_step =
        name.starts_with("grad.") || name == "fake" || name.starts_with("loss.");
    if (zero_gradient || !first_step) continue;
    for (std::size_t k = 0; k < n; ++k) {
      const double got = static_cast<double>(all[k * all.size() / n]);
      EXPECT_NEAR(got, static_cast<double>(expected[k]), tolerance * largest)
          << name << " entry " << k * all.size() / n;
    }
    ++judged;
  }
  EXPECT_GE(judged, 12);
}

// Adam turns the sign of a gradient near zero into a whole step, and the next gradients follow: two
// correct programs (oneDNN 2.6 and 3.2, say) part by up to 1.2e-3 of a tensor's largest entry in
// these steps. A step that is left out or an optimiser of another kind is off by tenths.
TEST_P(Parity, FinalStateFollowsKeras) {
  const std::string result_path = folder_.path("result");
  replay(preset_config(GetParam()), {write_weights(), write_tape(), result_path});
  const SafetensorsFile result(result_path);
  for (const auto& [sample_name, entry] : fixture_->entries()) {
    const std::string name = sample_name.substr(sample_name.find('.') + 1);
    const bool state = name.starts_with("generator.") || name.starts_with("discriminator.") ||
                       name.starts_with("adam.");
    if (!sample_name.starts_with("sample.") || !state) continue;
    if (GetParam() == "dcgan" && name.ends_with("generator.dense1.bias")) continue;
    const std::vector<float> all = result.f32(name), expected = fixture_->f32(sample_name);
    const double largest = static_cast<double>(fixture_->f32("max." + name)[0]);
    double error = 0;
    for (std::size_t k = 0; k < expected.size(); ++k)
      error += std::abs(static_cast<double>(all[k * all.size() / expected.size()]) -
                        static_cast<double>(expected[k]));
    EXPECT_LE(error / static_cast<double>(expected.size()), 5e-3 * largest) << name;
  }
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Presets, Parity, testing::Values("vanilla", "dcgan", "tf-tutorial"),
                         test_name);

}  // namespace
}  // namespace dcgan::test
