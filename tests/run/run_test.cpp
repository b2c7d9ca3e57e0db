// What a run writes: its folder's files, and the log's lines.
#include "run/run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "dcgan/trainer.h"
#include "io/atomic_file.h"
#include "temporary_folder.h"
#include "train/small_presets.h"

namespace dcgan::test {
namespace {

TEST(Run, LogsStepsAndEpochsAsTheTrainerReportsThem) {
  const TemporaryFolder folder;
  RunOptions options;
  options.directory = folder.path("run");
  std::vector<StepResult> steps;
  options.after_step = [&](const StepResult& step, const Trainer&) { steps.push_back(step); };
  Config config = small_preset("vanilla");
  config.epochs = 2;
  Trainer trainer(config, pictures(config, 20));
  run_training(trainer, options);
  ASSERT_EQ(steps.size(), 6U);

  std::istringstream log(read_file(folder.path("run/log.jsonl")));
  std::size_t step = 0, epoch = 0;
  for (std::string line; std::getline(log, line);) {
    const auto j = nlohmann::json::parse(line);
    if (j.contains("step")) {
      ASSERT_LT(step, steps.size());
      EXPECT_EQ(j.at("step"), steps[step].step);
      EXPECT_EQ(j.at("epoch"), steps[step].epoch);
      EXPECT_NEAR(j.at("loss_generator"), steps[step].measures[0], 1e-6);
      EXPECT_NEAR(j.at("loss_discriminator"), steps[step].measures[1], 1e-6);
      ++step;
    } else {
      const auto& history = trainer.state().history;
      ASSERT_LT(epoch, history.size());
      EXPECT_EQ(j.at("epoch"), history[epoch].epoch);
      EXPECT_NEAR(j.at("loss_generator"), history[epoch].means[0], 1e-6);
      EXPECT_NEAR(j.at("loss_discriminator"), history[epoch].means[1], 1e-6);
      ++epoch;
    }
  }
  EXPECT_EQ(step, 6U);
  EXPECT_EQ(epoch, 2U);
}

TEST(Run, WritesAllItsFilesAndResumesInAnotherFolder) {
  const TemporaryFolder folder;
  Config config = small_preset("dcgan");
  config.steps = 5;  // ends in the second epoch
  RunOptions options;
  options.directory = folder.path("first");
  std::string checkpoint;
  {
    Trainer trainer(config, pictures(20));
    const RunOutcome outcome = run_training(trainer, options);
    EXPECT_FALSE(outcome.interrupted);
    checkpoint = outcome.checkpoint;
  }
  for (const char* name : {"config.json", "log.jsonl", "real_samples.png", "losses.png",
                           "training.gif", "images/epoch_0001.png", "images/epoch_0002.png"})
    EXPECT_TRUE(std::filesystem::is_regular_file(options.directory + "/" + name)) << name;
  config.steps = 6;
  Trainer trainer(config, pictures(20));
  trainer.load(checkpoint);
  options.directory = folder.path("second");
  options.checkpoint = checkpoint;
  run_training(trainer, options);
  EXPECT_TRUE(std::filesystem::is_regular_file(folder.path("second/images/epoch_0001.png")));
  // 6 steps and 2 epochs: the line of the half epoch is replaced by that of the whole one.
  const std::string log = read_file(folder.path("second/log.jsonl"));
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 8);
}

}  // namespace
}  // namespace dcgan::test
