// What a Gan does besides following the reference: which passes a step takes, how the two kinds of
// label smoothing meet, and samples of a generator whose moving statistics have moved.
#include "train/gan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "backend/recording.h"
#include "dcgan/trainer.h"
#include "ref/gan.h"
#include "train/checkpoint.h"
#include "train/recipe.h"
#include "train/small_presets.h"

namespace dcgan::test {
namespace {

/// Of linear ops, "dense backward-data of 8 rows"; of others, "adam".
std::map<std::string, int> ops_of_a_step(const Config& config, std::int64_t rows) {
  std::map<std::string, int> counts;
  const auto backend = make_backend("cpu", 1);
  const auto recorder = make_recording_backend(*backend, [&](const Op& op, const auto& run) {
    if (op.name == "dense") {
      const std::string rows_of_it = " of " + std::to_string(op.at("batch"));
      const bool both = op.direction == "backward";
      for (const std::string& direction :
           both ? std::vector<std::string>{"backward-data", "backward-weights"}
                : std::vector{op.direction})
        ++counts["dense " + direction + rows_of_it];
    } else {
      ++counts[op.name];
    }
    run();
  });
  Gan gan(*recorder, config);
  gan.train_step(rows, 0);
  return counts;
}

Config vanilla() {
  Config config = small_preset("vanilla");
  config.threads = 1;
  return config;
}

// vanilla has four layers in either network, and three dropouts.
TEST(Passes, OneThroughTheDiscriminatorServesBothLosses) {
  auto counts = ops_of_a_step(vanilla(), 5);
  EXPECT_EQ(counts["dense forward of 10"], 4);  // the discriminator
  EXPECT_EQ(counts["dense forward of 5"], 4);   // the generator
  EXPECT_EQ(counts["dense backward-weights of 10"], 4);
  EXPECT_EQ(counts["dense backward-weights of 5"], 4);
  EXPECT_EQ(counts["dense backward-data of 10"], 3);
  EXPECT_EQ(counts["dense backward-data of 5"], 1 + 3);  // to the generated images, and back
  EXPECT_EQ(counts["loss"], 1);
  EXPECT_EQ(counts["adam"], 1);
  EXPECT_EQ(counts["mask"], 1);
}

TEST(Passes, SmoothedLossesTakeABackwardPassEach) {
  Config config = vanilla();
  config.label_smoothing = 0.1;
  auto counts = ops_of_a_step(config, 5);
  EXPECT_EQ(counts["dense forward of 10"], 4);
  EXPECT_EQ(counts["dense backward-weights of 10"], 4);
  EXPECT_EQ(counts["dense backward-data of 10"], 3);
  EXPECT_EQ(counts["dense backward-data of 5"], 4 + 3);
  EXPECT_EQ(counts["loss"], 1);
  EXPECT_EQ(counts["adam"], 1);
  EXPECT_EQ(counts["mask"], 1);
}

TEST(Passes, EachDiscriminatorStepTakesOneAndTheGeneratorOneOfGeneratedImages) {
  Config config = vanilla();
  config.discriminator_steps = 3;
  auto counts = ops_of_a_step(config, 5);
  EXPECT_EQ(counts["dense forward of 10"], 3 * 4);
  EXPECT_EQ(counts["dense forward of 5"], 4 + 4);
  EXPECT_EQ(counts["dense backward-weights of 10"], 3 * 4);
  EXPECT_EQ(counts["dense backward-weights of 5"], 4);
  EXPECT_EQ(counts["dense backward-data of 10"], 3 * 3);
  EXPECT_EQ(counts["dense backward-data of 5"], 4 + 3);
  EXPECT_EQ(counts["loss"], 4);
  EXPECT_EQ(counts["adam"], 4);
  EXPECT_EQ(counts["mask"], 4);
}

// Large enough to overrun buffers that are too small.
TEST(Batch, MayBeSmallerThanTheBuffers) {
  constexpr std::int64_t rows = 100;
  for (const std::int64_t discriminator_steps : {1, 2}) {
    Config config = vanilla();
    config.width = 1.0 / 64;
    config.discriminator_steps = discriminator_steps;
    const auto backend = make_backend("cpu", 1);
    const auto trained = [&](std::int64_t batch_size) {
      config.batch_size = batch_size;
      Gan gan(*backend, config);
      for (std::int64_t step = 0; step < 2; ++step) {
        backend->draw_normal({{1, 50, 1}, rows * gan.spec().image.size(), gan.real_images()});
        backend->draw_normal({{1, 51, 1}, rows * config.latent, gan.noise()});
        gan.train_step(rows, step);
      }
      return download_state(gan);
    };
    const auto exact = trained(rows), spare = trained(150);
    for (std::size_t i = 0; i < exact.size(); ++i)
      EXPECT_EQ(exact[i].data, spare[i].data) << exact[i].name;
  }
}

class SmallPresets : public testing::TestWithParam<const char*> {};

// The step branches at zero smoothing, where both branches must agree. Measured: they differ by one
// unit in the last place.
TEST_P(SmallPresets, HardlyAnySmoothingIsNone) {
  Config config = small_preset(GetParam());
  config.label_smoothing = 0;
  config.discriminator_steps = 1;
  const Dataset data = pictures(config, 20);
  Trainer none(config, data);
  config.label_smoothing = 1e-30;
  Trainer hardly(config, data);
  for (int i = 0; i < 5; ++i) {
    const StepResult a = none.train_step(), b = hardly.train_step();
    EXPECT_NEAR(a.measures[0], b.measures[0], 2e-6) << "step " << i;
    EXPECT_NEAR(a.measures[1], b.measures[1], 2e-6) << "step " << i;
  }
}

/// Weights from the recipe; statistics that training might have led to.
void set_state(Gan& gan, ref::Network& reference) {
  Sequential& generator = gan.generator();
  const auto set = [&](const TensorView& t, float* flat, std::vector<float> values) {
    reference.values[t.name] = {values.begin(), values.end()};
    gan.backend().upload(flat + t.offset, values.data(), values.size() * sizeof(float));
  };
  for (const TensorView& t : generator.parameters())
    set(t, generator.values(), recipe(t.name, t.shape));
  for (const TensorView& t : generator.moving_statistics()) {
    std::vector<float> values = recipe(t.name + ".beta", t.shape);  // within 0.1 of 0
    for (float& v : values) v = t.name.ends_with("variance") ? 0.3F + 2 * std::abs(v) : 5 * v;
    set(t, generator.moving(), std::move(values));
  }
  if (gan.averages()) gan.begin_average();
}

/// The documented noise: sample i is of the address (seed, stream 4, i / 64), and of each class in
/// its turn.
ref::Vector sample_noise(const Config& config, std::int64_t count, std::uint64_t seed) {
  ref::Vector noise;
  for (std::int64_t first = 0; first < count; first += 64) {
    const ref::Vector chunk =
        ref::normal({seed, 4, static_cast<std::uint64_t>(first / 64)},
                    std::min<std::int64_t>(64, count - first) * config.latent);
    noise.insert(noise.end(), chunk.begin(), chunk.end());
  }
  if (config.classes == 0) return noise;
  std::vector<int> labels;
  for (std::int64_t i = 0; i < count; ++i) labels.push_back(static_cast<int>(i % config.classes));
  return ref::beside(noise, ref::one_hot(labels, config.classes), count);
}

// Batches that divide a chunk of 64 evenly, unevenly, and not at all. Measured: 4e-7.
TEST_P(SmallPresets, SamplesAreOfTheirNoiseAndTheMovingStatisticsWhateverTheBatch) {
  constexpr std::int64_t count = 131;  // two whole chunks and three more
  constexpr std::uint64_t seed = 0x1'0000'0007;
  Config config = small_preset(GetParam());
  config.width /= 2;
  const GanSpec spec = gan_spec(config);
  ref::Network reference("generator", spec.generator, generator_input(config));
  ref::Vector expected;
  for (const std::int64_t batch : {7, 32, 100}) {
    config.batch_size = batch;
    const auto backend = make_backend("cpu", 1);
    Gan gan(*backend, config);
    set_state(gan, reference);
    if (expected.empty()) expected = reference.infer(count, sample_noise(config, count, seed));
    const std::vector<float> got = gan.sample(count, seed);
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i)
      ASSERT_NEAR(static_cast<double>(got[i]), expected[i], 4e-6)
          << "batches of " << batch << ", sample "
          << i / static_cast<std::size_t>(spec.image.size());
  }
}

TEST_P(SmallPresets, SamplesLeaveTrainingAlone) {
  const Config config = small_preset(GetParam());
  const auto backend = make_backend("cpu", 2);
  Gan alone(*backend, config), sampled(*backend, config);
  for (std::int64_t step = 0; step < 2; ++step)
    for (Gan* gan : {&alone, &sampled}) {
      backend->draw_normal({{1, 50, static_cast<std::uint64_t>(step)},
                            8 * gan->spec().image.size(),
                            gan->real_images()});
      backend->draw_normal({{1, 51, static_cast<std::uint64_t>(step)},
                            8 * generator_input(config).size(),
                            gan->noise()});
      if (config.classes > 0) backend->draw_normal({{1, 52, 1}, 8 * config.classes, gan->codes()});
      gan->train_step(8, step);
      if (gan == &sampled) gan->sample(9, 1);
    }
  const auto a = download_state(alone), b = download_state(sampled);
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].data, b[i].data) << a[i].name;
  EXPECT_EQ(alone.measures(), sampled.measures());
}

INSTANTIATE_TEST_SUITE_P(Presets, SmallPresets, testing::ValuesIn(gan_presets), preset_test_name);

TEST(PenalisedGan, RefusesWhatItsStepCannotDo) {
  const auto backend = make_backend("cpu", 1);
  const auto build = [&](const std::string& key, const std::string& value) {
    Config config = small_preset("modern");
    set(config, key, value);
    Gan gan(*backend, config);
  };
  EXPECT_NO_THROW(build("dropout", "0.3"));
  EXPECT_NO_THROW(build("penalty", "0"));
  EXPECT_THROW(build("discriminator_steps", "2"), UsageError);
  Config config = small_preset("dcgan");
  config.penalty = 1;
  EXPECT_NO_THROW(Gan(*backend, config));
  config.discriminator_steps = 2;
  EXPECT_THROW(Gan(*backend, config), UsageError);
}

}  // namespace
}  // namespace dcgan::test
