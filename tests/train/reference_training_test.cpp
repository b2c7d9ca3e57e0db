// The Trainer against training in double: batches, noise and masks at the addresses that the
// program documents, losses of every step, the state after several epochs, and samples.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "backend/backend.h"
#include "dcgan/trainer.h"
#include "io/safetensors.h"
#include "ref/gan.h"
#include "temporary_folder.h"
#include "train/reference_batch.h"
#include "train/small_presets.h"

namespace dcgan::test {
namespace {

using ref::Vector;

/// A training that ends within its third epoch, each of which ends in part of a batch. Fewer and
/// smaller steps where pictures are large.
struct Size {
  std::int64_t images, batch, steps;
};

Size size_of(const std::string& preset) {
  if (preset == "vanilla-64") return {3, 2, 5};
  if (preset.starts_with("dcgan-") || preset == "modern") return {5, 3, 5};
  return {13, 5, 7};
}

struct Variant {
  std::string preset, backend;
  double label_smoothing;
  std::int64_t discriminator_steps;
  std::uint64_t seed;  // one that keeps away from the kinks of LeakyReLU
  std::int64_t classes = 0;
};

void PrintTo(const Variant& v, std::ostream* out) {
  *out << v.preset << " on " << v.backend << ", smoothing " << v.label_smoothing << ", "
       << v.discriminator_steps << " discriminator steps, " << v.classes << " classes";
}

/// Training in double with draws of its own.
class ReferenceRun {
 public:
  ReferenceRun(const Config& config, const Dataset& data)
      : gan(config, gan_spec(config)), config_(config), data_(data) {}

  ref::StepLosses train_step() {
    const std::int64_t per_epoch = (data_.count + config_.batch_size - 1) / config_.batch_size;
    const std::int64_t epoch = step_ / per_epoch, first = step_ % per_epoch * config_.batch_size;
    const std::int64_t rows = std::min(config_.batch_size, data_.count - first);
    const RefBatch real = ref_batch(config_, data_, epoch, first, rows, 127.5, 127.5);
    constexpr std::uint32_t noise_stream = 3;
    // The codes of classes take the place of the last numbers drawn for a row.
    const std::int64_t row = config_.latent + config_.classes;
    const Vector drawn =
        ref::normal({config_.seed, noise_stream, static_cast<std::uint64_t>(step_)}, rows * row);
    Vector noise;
    for (auto z = drawn.begin(); z != drawn.end(); z += row)
      noise.insert(noise.end(), z, z + config_.latent);
    const auto masks = [&](std::int64_t mask_rows, std::uint32_t pass) {
      return ref::drawn_masks(gan.discriminator, config_.seed, step_, mask_rows, pass);
    };
    const double progress =
        static_cast<double>(step_) / static_cast<double>(config_.epochs * per_epoch);
    const ref::StepLosses losses =
        gan.step(real.images, real.labels, noise, masks, step_, progress);
    ++step_;
    return losses;
  }

  /// Sample i is of the noise addressed by (seed, stream 4, i / 64), and of each class in turn.
  Vector sample(std::int64_t count, std::uint64_t seed) const {
    constexpr std::uint32_t stream = 4;
    constexpr std::int64_t chunk = 64;
    Vector noise;
    for (std::int64_t first = 0; first < count; first += chunk) {
      const Vector part = ref::normal({seed, stream, static_cast<std::uint64_t>(first / chunk)},
                                      std::min(chunk, count - first) * config_.latent);
      noise.insert(noise.end(), part.begin(), part.end());
    }
    ref::Network generator = gan.generator;
    if (!gan.average.empty()) generator.values = gan.average;
    std::vector<int> labels;
    for (std::int64_t i = 0; config_.classes > 0 && i < count; ++i)
      labels.push_back(static_cast<int>(i % config_.classes));
    return generator.infer(count,
                           config_.classes > 0
                               ? ref::beside(noise, ref::one_hot(labels, config_.classes), count)
                               : noise);
  }

  ref::Gan gan;

 private:
  Config config_;
  const Dataset& data_;
  std::int64_t step_ = 0;
};

class ReferenceTraining : public testing::TestWithParam<Variant> {
 protected:
  static Size size() { return size_of(GetParam().preset); }
  /// Every setting of a network differs from the other network's. Rates are high, so that a wrong
  /// step shows; epsilon is of the size of gradients that matter, so that Adam does not turn a
  /// gradient's rounding into a whole step; the moving statistics move.
  static Config config() {
    const Variant& v = GetParam();
    Config c = small_preset(v.preset);
    c.backend = v.backend;
    c.batch_size = size().batch;
    c.width /= 2;                             // the reference is slow
    c.seed = 0x1000000000 * v.seed + 12'345;  // of two words
    c.latent = 12;
    c.classes = v.classes;
    c.label_smoothing = v.label_smoothing;
    c.discriminator_steps = v.discriminator_steps;
    c.generator = {2e-3, 0.5, 0.99, 1e-3};
    c.discriminator = {1e-3, 0.6, 0.98, 2e-3};
    if (v.preset == "modern") {
      c.epochs = 4;
      c.generator = {2e-3, 0.1, 0.9, 1e-3, 5e-4, 0.99};
      c.discriminator = {1e-3, 0.2, 0.8, 2e-3, 3e-4, 0.98};
      c.average = 0.4;
      c.dropout = 0.2;
      c.width /= 2;
    }
    c.batch_norm_momentum = 0.8;
    c.batch_norm_epsilon = 1e-3;  // two rows of a batch may be near to each other
    c.flip = v.preset.starts_with("dcgan-") ? 1 : 0;
    return c;
  }
};

// Measured over all variants on cpu and simt: losses differ by at most 1.0e-6, tensors of the state
// by 1.9e-6 of their largest entry, samples by 5.1e-7. Wrong counts of Adam's steps, the subtlest
// fault this must find, change some loss by 1e-2 or more.
TEST_P(ReferenceTraining, HasTheSameLossesStateAndSamples) {
  constexpr double loss_bound = 5e-6, state_bound = 1e-5, sample_bound = 5e-6;
  const Config c = config();
  const Dataset data = pictures(c, size().images);
  Trainer trainer(c, data);
  ReferenceRun reference(c, data);
  for (int i = 0; i < size().steps; ++i) {
    const StepResult got = trainer.train_step();
    const ref::StepLosses expected = reference.train_step();
    EXPECT_NEAR(got.measures[0], expected.generator, loss_bound) << "step " << i + 1;
    EXPECT_NEAR(got.measures[1], expected.discriminator, loss_bound) << "step " << i + 1;
    EXPECT_NEAR(got.measures[2], expected.penalty, loss_bound) << "step " << i + 1;
  }
  const TemporaryFolder folder;
  trainer.save(folder.path("state"));
  const SafetensorsFile state(folder.path("state"));
  // In front of batch norm a bias has no gradient but rounding; nor has one of logits that count in
  // differences.
  const std::string bias = "dense1.bias";
  expect_state(state, reference.gan.generator, state_bound,
               c.preset == "dcgan" || c.preset == "modern" ? "generator." + bias : "");
  expect_state(state, reference.gan.discriminator, state_bound,
               c.preset == "modern" ? "discriminator." + bias : "");
  for (const auto& [name, value] : reference.gan.average)
    if (name != "generator." + bias)
      expect_near("average." + name, state.f32("average." + name), value, state_bound);
  constexpr std::int64_t samples = 70;  // more than are drawn at one address
  expect_near("samples", trainer.sample(samples, 5), reference.sample(samples, 5), sample_bound);
}

std::vector<Variant> variants() {
  std::vector<Variant> all;
  for (const BackendStatus& b : backend_statuses()) {
    if (!b.why_unavailable.empty() || b.name == "simt-check") continue;
    all.push_back({"vanilla", b.name, 0, 1, 3});
    all.push_back({"dcgan", b.name, 0, 1, 3});
    all.push_back({"tf-tutorial", b.name, 0, 1, 91});
    all.push_back({"vanilla", b.name, 0.3, 1, 11});
    all.push_back({"dcgan", b.name, 0.3, 1, 59});
    all.push_back({"vanilla-64", b.name, 0.1, 2, 29});
    all.push_back({"dcgan", b.name, 0, 3, 52});
    all.push_back({"modern", b.name, 0, 1, 11});
    all.push_back({"modern", b.name, 0.2, 1, 11});
    all.push_back({"modern", b.name, 0, 1, 11, 10});
    all.push_back({"vanilla", b.name, 0, 1, 11, 10});
    all.push_back({"dcgan", b.name, 0.3, 1, 65, 11});
    all.push_back({"dcgan", b.name, 0, 3, 70, 10});
    all.push_back({"dcgan-32", b.name, 0, 1, 11});
    all.push_back({"dcgan-64", b.name, 0, 1, 11});
  }
  return all;
}

std::string name_of(const testing::TestParamInfo<Variant>& info) {
  const Variant& v = info.param;
  return as_test_name(v.preset + "_" + v.backend + (v.label_smoothing > 0 ? "_smoothed" : "") +
                      (v.discriminator_steps > 1 ? "_alternating" : "") +
                      (v.classes > 0 ? "_classes" : ""));
}

INSTANTIATE_TEST_SUITE_P(Variants, ReferenceTraining, testing::ValuesIn(variants()), name_of);

}  // namespace
}  // namespace dcgan::test
