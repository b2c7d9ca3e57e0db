// What a Trainer reports about its steps and epochs.
#include <gtest/gtest.h>

#include <chrono>

#include "dcgan/trainer.h"
#include "temporary_folder.h"
#include "train/small_presets.h"

namespace dcgan::test {
namespace {

/// 20 pictures: batches of 8, 8 and 4.
class Records : public testing::Test {
 protected:
  Config config = [] {
    Config c = small_preset("vanilla");
    c.epochs = 3;
    return c;
  }();
  const Dataset data = pictures(config, 20);
};

/// The losses of an epoch's steps, and their time.
struct EpochLosses {
  std::vector<double> generator, discriminator;
  double milliseconds = 0;
};

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

void expect_means(const std::vector<EpochRecord>& history, const std::vector<EpochLosses>& epochs) {
  for (std::size_t i = 0; i < history.size(); ++i) {
    EXPECT_EQ(history[i].epoch, static_cast<std::int64_t>(i) + 1);
    EXPECT_DOUBLE_EQ(history[i].means[0], mean(epochs[i].generator)) << "epoch " << i + 1;
    EXPECT_DOUBLE_EQ(history[i].means[1], mean(epochs[i].discriminator)) << "epoch " << i + 1;
    EXPECT_NE(history[i].means[0], epochs[i].generator.back());
  }
}

TEST_F(Records, CountStepsImagesAndEpochsAndAverageTheirLosses) {
  Trainer trainer(config, data);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(trainer.steps_per_epoch(), 3);
  EXPECT_EQ(trainer.total_steps(), 9);
  std::vector<EpochLosses> epochs(3);
  for (std::int64_t step = 1; step <= 8; ++step) {
    const StepResult result = trainer.train_step();
    const std::int64_t epoch = (step - 1) / 3 + 1;
    EXPECT_EQ(result.step, step);
    EXPECT_EQ(result.epoch, epoch);
    EXPECT_EQ(result.images, step % 3 == 0 ? 4 : 8);
    EXPECT_EQ(result.ends_epoch, step % 3 == 0);
    EXPECT_EQ(trainer.state().step, step);
    EXPECT_EQ(trainer.state().steps_in_epoch, step % 3);
    EpochLosses& of_epoch = epochs[static_cast<std::size_t>(epoch) - 1];
    of_epoch.generator.push_back(result.measures[0]);
    of_epoch.discriminator.push_back(result.measures[1]);
    of_epoch.milliseconds += result.milliseconds;
    EXPECT_GT(result.milliseconds, 0);
    EXPECT_EQ(trainer.state().history.size(), static_cast<std::size_t>(step / 3));
  }
  expect_means(trainer.state().history, epochs);
  for (std::size_t i = 0; i < trainer.state().history.size(); ++i)
    EXPECT_DOUBLE_EQ(trainer.state().history[i].seconds * 1e3, epochs[i].milliseconds);
  // Together they take no longer than this test has.
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
  EXPECT_LE(epochs[0].milliseconds + epochs[1].milliseconds + epochs[2].milliseconds,
            passed.count() * 1e3);
}

// A checkpoint in mid-epoch keeps the sums.
TEST_F(Records, AverageOverAnEpochThatWasInterrupted) {
  const TemporaryFolder folder;
  std::vector<EpochLosses> epochs(2);
  const auto step = [&](Trainer& trainer) {
    const StepResult result = trainer.train_step();
    EpochLosses& epoch = epochs[static_cast<std::size_t>(result.epoch) - 1];
    epoch.generator.push_back(result.measures[0]);
    epoch.discriminator.push_back(result.measures[1]);
  };
  {
    Trainer first(config, data);
    for (int i = 0; i < 4; ++i) step(first);
    first.save(folder.path("half"));
  }
  Trainer second(config, data);
  second.load(folder.path("half"));
  for (int i = 0; i < 2; ++i) step(second);
  ASSERT_EQ(second.state().history.size(), 2U);
  expect_means(second.state().history, epochs);
}

}  // namespace
}  // namespace dcgan::test
