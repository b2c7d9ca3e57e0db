// N steps, a stop and M steps give bit for bit the tensors of N + M steps; the same seed gives the
// same bits, on any number of threads; and a step allocates no buffers.
#include <gtest/gtest.h>

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
  EXPECT_EQ(expected.loss_generator, got.loss_generator);
  EXPECT_EQ(expected.loss_discriminator, got.loss_discriminator);
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
  EXPECT_NE(a.f32("generator.dense1.kernel"), c.f32("generator.dense1.kernel"));
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

TEST(Trainer, RefusesACheckpointOfAnotherNetwork) {
  const TemporaryFolder folder;
  Trainer vanilla(small_preset("vanilla"), pictures(20));
  vanilla.save(folder.path("vanilla"));
  Trainer dcgan(small_preset("dcgan"), pictures(20));
  EXPECT_THROW(dcgan.load(folder.path("vanilla")), Error);
}

}  // namespace
}  // namespace dcgan::test
