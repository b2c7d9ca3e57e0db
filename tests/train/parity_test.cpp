// Whole training steps of every backend against Keras, or PyTorch's double backward: losses, images
// and first-step gradients of a small tape that tools/keras/make_tape.py, or its like in
// tools/torch, recorded.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>

#include "fixtures.h"
#include "io/safetensors.h"
#include "models/models.h"
#include "sanitized.h"
#include "temporary_folder.h"
#include "tensor_cores.h"
#include "train/checkpoint.h"
#include "train/model.h"
#include "train/recipe.h"
#include "train/replay.h"
#include "train/small_presets.h"

namespace dcgan::test {
namespace {

/// Of each tensor's largest entry. PyTorch computed in double.
double tolerance(const std::string& preset) { return preset == "modern" ? 1e-5 : 2e-5; }

struct TapeOnBackend {
  std::string tape, backend, precision = "fp32";
};

void PrintTo(const TapeOnBackend& p, std::ostream* out) {
  *out << p.tape << " on " << p.backend << ", " << p.precision;
}

class Parity : public testing::TestWithParam<TapeOnBackend> {
 protected:
  void SetUp() override {
    fixture_ = std::make_unique<SafetensorsFile>(fixture(GetParam().tape + ".safetensors"));
  }
  const std::string& preset() const { return fixture_->metadata().at("preset"); }
  /// Whether a tensor has a zero gradient in exact arithmetic: a bias in front of batch norm, or of
  /// the logits where they count in differences. What remains is rounding, and so is Adam's step.
  bool has_no_gradient(const std::string& name) const {
    return (preset() == "dcgan" && name.ends_with("generator.dense1.bias")) ||
           (preset() == "modern" && name.ends_with(".dense1.bias"));
  }

  /// The preset with the settings that the tape was made with.
  Config config() const {
    Config config = preset_config(preset());
    const auto& metadata = fixture_->metadata();
    const nlohmann::json changed = nlohmann::json::parse(
        metadata.contains("settings") ? metadata.at("settings") : std::string("{}"));
    for (const auto& [key, value] : changed.items()) set(config, key, value.get<std::string>());
    return config;
  }

  /// Runs the tape; where the result is.
  std::string run_tape() {
    Config on_backend = config();
    on_backend.backend = GetParam().backend;
    on_backend.precision = GetParam().precision;
    replay(on_backend, {write_weights(), write_tape(), folder_.path("result")});
    return folder_.path("result");
  }

  std::string write_weights() {
    Config one_row = config();
    one_row.batch_size = 1;
    const auto backend = make_backend("cpu", 2);
    const std::unique_ptr<Model> model = make_model(*backend, one_row);
    std::vector<HostTensor> weights;
    for (const Sequential* network : model->networks())
      for (const auto* list : {&network->parameters(), &network->moving_statistics()})
        for (const TensorView& t : *list)
          weights.push_back({t.name, t.shape, recipe(t.name, t.shape)});
    write_safetensors(folder_.path("weights"), to_write(weights));
    return folder_.path("weights");
  }

  std::vector<std::int64_t> shape_in_metadata(const std::string& name) const {
    return nlohmann::json::parse(fixture_->metadata().at(name)).get<std::vector<std::int64_t>>();
  }
  static std::int64_t count(const std::vector<std::int64_t>& shape) {
    return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
  }

  std::string write_classifier_tape() {
    std::vector<float> images;
    for (const std::uint8_t p : fixture_->u8("images_u8"))
      images.push_back(static_cast<float>(p) / 255);
    const std::vector<float> labels = fixture_->f32("labels");
    write_safetensors(folder_.path("tape"),
                      {{"images", DType::f32, fixture_->shape("images_u8"), images.data()},
                       {"labels", DType::f32, fixture_->shape("labels"), labels.data()}});
    return folder_.path("tape");
  }

  std::string write_tape() {
    if (fixture_->contains("images_u8")) return write_classifier_tape();
    const bool stored = fixture_->contains("real_u8");
    HostTensor real{"real", stored ? fixture_->shape("real_u8") : shape_in_metadata("real_u8"), {}};
    for (const std::uint8_t p : stored ? fixture_->u8("real_u8") : recipe_pixels(count(real.shape)))
      real.data.push_back((static_cast<float>(p) - 127.5F) / 127.5F);
    const HostTensor noise{"noise", fixture_->shape("noise"), fixture_->f32("noise")};
    std::vector<TensorToWrite> tape = {{real.name, DType::f32, real.shape, real.data.data()},
                                       {noise.name, DType::f32, noise.shape, noise.data.data()}};
    std::vector<std::vector<std::uint8_t>> masks;
    masks.reserve(16);
    for (const auto& [name, text] : fixture_->metadata()) {
      if (!name.starts_with("mask.")) continue;
      const std::vector<std::int64_t> shape = shape_in_metadata(name);
      const std::vector<std::uint8_t> bits = fixture_->u8(name + ".bits");
      std::vector<std::uint8_t>& mask = masks.emplace_back();
      for (std::int64_t i = 0; i < count(shape); ++i)
        mask.push_back(bits[static_cast<std::size_t>(i / 8)] >> (i % 8) & 1);
      tape.push_back({name, DType::u8, shape, mask.data()});
    }
    write_safetensors(folder_.path("tape"), tape);
    return folder_.path("tape");
  }

  void expect_first_step(const SafetensorsFile& result) const {
    int judged = 0;
    for (const auto& [sample_name, entry] : fixture_->entries()) {
      if (!sample_name.starts_with("sample.")) continue;
      const std::string name = sample_name.substr(7);
      const std::vector<float> all = result.f32(name);
      const std::vector<float> expected = fixture_->f32(sample_name);
      const double largest = static_cast<double>(fixture_->f32("max." + name)[0]);
      const std::size_t n = expected.size();
      ASSERT_EQ(n, std::min<std::size_t>(64, all.size())) << name;
      const bool first_step = name.starts_with("grad.") || name == "fake" ||
                              name.starts_with("loss") || name == "penalty";
      if (has_no_gradient(name) || !first_step) continue;
      for (std::size_t k = 0; k < n; ++k) {
        const double got = static_cast<double>(all[k * all.size() / n]);
        EXPECT_NEAR(got, static_cast<double>(expected[k]), tolerance(preset()) * largest)
            << name << " entry " << k * all.size() / n;
      }
      ++judged;
    }
    EXPECT_GE(judged, preset() == "classifier" ? 5 : 12);
  }

  // Adam turns the sign of a gradient near zero into a whole step, and the next gradients follow:
  // two correct programs (oneDNN 2.6 and 3.2, say) differ by up to 1.2e-3 of a tensor's largest
  // entry in these steps. A missing step or another optimiser is off by tenths.
  void expect_final_state(const SafetensorsFile& result) const {
    for (const auto& [sample_name, entry] : fixture_->entries()) {
      const std::string name = sample_name.substr(sample_name.find('.') + 1);
      const bool state = name.starts_with("generator.") || name.starts_with("discriminator.") ||
                         name.starts_with("classifier.") || name.starts_with("adam.") ||
                         name.starts_with("average.");
      if (!sample_name.starts_with("sample.") || !state) continue;
      if (has_no_gradient(name)) continue;
      const std::vector<float> all = result.f32(name), expected = fixture_->f32(sample_name);
      const double largest = static_cast<double>(fixture_->f32("max." + name)[0]);
      double error = 0;
      for (std::size_t k = 0; k < expected.size(); ++k)
        error += std::abs(static_cast<double>(all[k * all.size() / expected.size()]) -
                          static_cast<double>(expected[k]));
      EXPECT_LE(error / static_cast<double>(expected.size()), 5e-3 * largest) << name;
    }
  }

  TemporaryFolder folder_;
  std::unique_ptr<SafetensorsFile> fixture_;
};

TEST_P(Parity, StepsAndFinalStateEqualTheOriginal) {
  const SafetensorsFile result(run_tape());
  expect_first_step(result);
  expect_final_state(result);
}

std::vector<TapeOnBackend> tapes_on_backends() {
  std::vector<TapeOnBackend> all;
  for (const BackendStatus& b : backend_statuses())
    for (const char* tape : {"vanilla", "vanilla-smoothed", "dcgan", "modern",
                             "modern-without-classes", "tf-tutorial", "vanilla-64", "classifier"})
      if (b.why_unavailable.empty() && !(sanitized && b.name == "simt-check"))
        all.push_back({tape, b.name});
  const auto in_three_products = [](const TapeOnBackend& p) {  // simt-check would take minutes
    const bool original = p.tape == "vanilla" || p.tape == "dcgan" || p.tape == "tf-tutorial";
    return original && (p.backend == "simt" || p.backend == "cuda") && has_tensor_cores(p.backend);
  };
  for (const TapeOnBackend& p : std::vector(all))
    if (in_three_products(p)) all.push_back({p.tape, p.backend, "tf32x3"});
  return all;
}

std::string test_name(const testing::TestParamInfo<TapeOnBackend>& info) {
  return as_test_name(info.param.tape + "_" + info.param.backend +
                      (info.param.precision == "fp32" ? "" : "_" + info.param.precision));
}

INSTANTIATE_TEST_SUITE_P(Tapes, Parity, testing::ValuesIn(tapes_on_backends()), test_name);

}  // namespace
}  // namespace dcgan::test
