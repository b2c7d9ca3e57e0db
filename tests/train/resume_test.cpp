// N steps, a stop and M steps give bit for bit the tensors of N + M steps; the same seed gives the
// same bits, on any number of threads; and a step allocates no buffers.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dcgan/trainer.h"
#include "io/safetensors.h"
#include "temporary_folder.h"
#include "train/count_allocations.h"
#include "train/small_presets.h"

namespace dcgan::test {
namespace {

void expect_same_tensors(const std::string& a, const std::string& b) {
  const SafetensorsFile first(a), second(b);
  ASSERT_EQ(first.entries().size(), second.entries().size());
  for (const auto& [name, entry] : first.entries())
    EXPECT_EQ(first.f32(name), second.f32(name)) << name;
}

/// With 20 pictures an epoch is batches of 8, 8 and 4.
class Resume : public testing::TestWithParam<const char*> {
 protected:
  const Config config = small_preset(GetParam());
  const Dataset data = pictures(config, 20);
};

TEST_P(Resume, GivesTheSameBitsAsAnUnbrokenRun) {
  const TemporaryFolder folder;
  Trainer unbroken(config, data);
  for (int i = 0; i < 8; ++i) unbroken.train_step();
  unbroken.save(folder.path("unbroken"));
  {
    Trainer first(config, data);
    for (int i = 0; i < 4; ++i) first.train_step();  // stops in mid-epoch
    first.save(folder.path("half"));
  }
  Trainer second(checkpoint_config(folder.path("half")), data);
  second.load(folder.path("half"));
  for (int i = 0; i < 4; ++i) second.train_step();
  second.save(folder.path("resumed"));
  expect_same_tensors(folder.path("unbroken"), folder.path("resumed"));
  ASSERT_EQ(unbroken.state().history.size(), 2U);
  const EpochRecord &expected = unbroken.state().history[1], &got = second.state().history[1];
  EXPECT_EQ(expected.means, got.means);
}

TEST_P(Resume, TheSeedDecidesTheBits) {
  const TemporaryFolder folder;
  for (const char* name : {"a", "b", "c"}) {
    Config seeded = config;
    if (*name == 'c') seeded.seed = 2;
    Trainer trainer(seeded, data);
    for (int i = 0; i < 3; ++i) trainer.train_step();
    trainer.save(folder.path(name));
  }
  expect_same_tensors(folder.path("a"), folder.path("b"));
  const SafetensorsFile a(folder.path("a")), c(folder.path("c"));
  for (const auto& [name, entry] : a.entries())
    if (name.ends_with(".kernel")) {
      EXPECT_NE(a.f32(name), c.f32(name)) << name;
    }
}

TEST_P(Resume, StepsAllocateNoBuffers) {
  Trainer trainer(config, data);
  for (int i = 0; i < 3; ++i) trainer.train_step();  // both batch sizes are planned
  // oneDNN makes a small argument list per call; a buffer is larger than that.
  const CountAllocations buffers(16384);
  for (int i = 0; i < 6; ++i) trainer.train_step();
  EXPECT_EQ(buffers.count(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Presets, Resume, testing::ValuesIn(all_presets), preset_test_name);

class Threads : public testing::TestWithParam<const char*> {};

// dcgan-32 and larger have layers that oneDNN computes, whose sums depend on the number of threads
// that it is given.
TEST_P(Threads, DoNotChangeTheBits) {
  const TemporaryFolder folder;
  Config config = preset_config(GetParam());
  config.backend = "cpu";
  config.batch_size = 16;
  if (config.preset == "vanilla-64") config.width = 1.0 / 32;  // whole, a checkpoint takes 1.3 GB
  if (config.preset.starts_with("dcgan-")) config.width = 1.0 / 8;
  const auto train = [&](int threads) {
    config.threads = threads;
    Trainer trainer(config, pictures(config, 48));
    for (int i = 0; i < 3; ++i) trainer.train_step();
    const std::string file = folder.path(std::to_string(threads));
    trainer.save(file);
    return file;
  };
  const std::string one = train(1);
  for (const int threads : {2, 3}) expect_same_tensors(one, train(threads));
}

INSTANTIATE_TEST_SUITE_P(Presets, Threads, testing::ValuesIn(all_presets), preset_test_name);

/// 20 pictures, in batches of 8 at first.
class Changed : public testing::Test {
 protected:
  Changed() {
    config.width = 1.0 / 64;
    Trainer first(config, data);
    for (int i = 0; i < 4; ++i) first.train_step();  // 8 pictures of the second epoch
    first.save(file);
    config = checkpoint_config(file);
  }
  const TemporaryFolder folder;
  const std::string file = folder.path("file");
  Config config = small_preset("vanilla");
  const Dataset data = pictures(config, 20);
};

TEST_F(Changed, BatchSizeTakesTheRestOfTheEpochInItsOwnSteps) {
  config.batch_size = 5;
  config.epochs = 3;
  Trainer second(config, data);
  second.load(file);
  // 12 pictures in 5, 5, 2, then an epoch of 4 steps.
  EXPECT_EQ(second.total_steps(), 4 + 3 + 4);
  for (const std::int64_t images : {5, 5, 2, 5, 5, 5, 5}) {
    const StepResult step = second.train_step();
    EXPECT_EQ(step.images, images) << step.step;
    EXPECT_EQ(step.epoch, step.step <= 7 ? 2 : 3);
    EXPECT_EQ(step.ends_epoch, step.step == 7 || step.step == 11);
    EXPECT_EQ(second.total_steps(), 11);
  }
  EXPECT_EQ(second.state().history.size(), 3U);
}

TEST_F(Changed, SettingsAreRecordedWithTheirStep) {
  config.batch_size = 5;
  config.generator.learning_rate = 0.5;
  config.threads = 1;  // no matter of training
  config.keep = 3;
  Trainer second(config, data);
  second.load(file);
  second.train_step();
  second.save(file);
  config.batch_size = 6;
  Trainer third(config, data);
  third.load(file);
  std::vector<std::string> changes;
  for (const SettingChange& c : third.state().changes)
    changes.push_back(std::to_string(c.step) + " " + c.key + " " + c.from + " " + c.to);
  EXPECT_EQ(changes,
            (std::vector<std::string>{"4 batch_size 8 5", "4 generator.learning_rate 2e-04 0.5",
                                      "5 batch_size 5 6"}));
}

TEST(Trainer, TakesOverWeightsAndNothingElse) {
  const TemporaryFolder folder;
  Config config = small_preset("dcgan");
  config.width = 1.0 / 64;
  const Dataset data = pictures(config, 20);
  Trainer trained(config, data);
  for (int i = 0; i < 4; ++i) trained.train_step();
  trained.save(folder.path("trained"));
  config.seed = 9;
  Trainer begun(config, pictures(config, 12));
  begun.take_weights(folder.path("trained"));
  EXPECT_EQ(begun.state().step, 0);
  EXPECT_TRUE(begun.state().history.empty());
  begun.save(folder.path("begun"));
  const SafetensorsFile from(folder.path("trained")), to(folder.path("begun"));
  for (const auto& [name, entry] : from.entries()) {
    const std::vector<float> values = to.f32(name);
    if (name.starts_with("adam."))
      EXPECT_EQ(values, std::vector<float>(values.size(), 0)) << name;
    else
      EXPECT_EQ(values, from.f32(name)) << name;
  }
}

TEST(Trainer, RefusesACheckpointOfAnotherNetwork) {
  const TemporaryFolder folder;
  Trainer vanilla(small_preset("vanilla"), pictures(20));
  vanilla.save(folder.path("vanilla"));
  Trainer dcgan(small_preset("dcgan"), pictures(20));
  EXPECT_THROW(dcgan.load(folder.path("vanilla")), Error);
}

}  // namespace
}  // namespace dcgan::test
