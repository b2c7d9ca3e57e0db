// The loop of a run: when it calls and saves what, which missing picture it draws, and what it
// reports.
#include "run/run.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "image/image.h"
#include "io/atomic_file.h"
#include "plot/figure.h"
#include "run/await.h"
#include "run/run_folder.h"
#include "temporary_folder.h"
#include "train/small_presets.h"

namespace dcgan::test {
namespace {

/// 20 pictures: epochs of three steps.
class RunLoop : public testing::Test {
 protected:
  RunLoop() {
    config_.width = 1.0 / 64;
    config_.threads = 1;
    config_.epochs = 4;
    config_.log_every = 2;
    config_.checkpoint_every = 2;
    options_.directory = folder_.path("run");
  }
  Trainer trainer() const { return Trainer(config_, pictures(config_, 20)); }
  RunOutcome train() {
    Trainer t = trainer();
    return run_training(t, options_);
  }
  bool exists(const std::string& name) const {
    return std::filesystem::is_regular_file(folder_.path("run/" + name));
  }
  /// Names of what lies in a folder of the run, sorted.
  std::vector<std::string> files(const std::string& name) const {
    std::vector<std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path("run/" + name)))
      all.push_back(entry.path().filename());
    std::sort(all.begin(), all.end());
    return all;
  }
  /// {step, epoch} of its lines of steps, {0, epoch} of those of epochs.
  std::vector<std::pair<int, int>> logged() const {
    std::vector<std::pair<int, int>> lines;
    std::istringstream log(read_file(folder_.path("run/log.jsonl")));
    for (std::string line; std::getline(log, line);) {
      const auto j = nlohmann::json::parse(line);
      lines.emplace_back(j.value("step", 0), j.at("epoch"));
    }
    return lines;
  }

  const TemporaryFolder folder_;
  Config config_ = small_preset("vanilla");
  RunOptions options_;
};

using Strings = std::vector<std::string>;
using Lines = std::vector<std::pair<int, int>>;

TEST_F(RunLoop, LogsAndSavesAsOftenAsTheSettingsSay) {
  Strings calls;
  options_.after_step = [&](const StepResult& step, const Trainer& t) {
    EXPECT_EQ(t.state().step, step.step);
    calls.push_back(std::to_string(step.step));
  };
  options_.after_epoch = [&](const EpochRecord& epoch, const std::string& grid) {
    EXPECT_EQ(grid, folder_.path("run/images/epoch_000" + std::to_string(epoch.epoch) + ".png"));
    ASSERT_FALSE(logged().empty());
    EXPECT_EQ(logged().back(), (std::pair{0, static_cast<int>(epoch.epoch)}));  // on the disk
    calls.push_back("epoch " + std::to_string(epoch.epoch));
  };
  config_.epochs = 3;
  const RunOutcome outcome = train();
  EXPECT_EQ(calls, (Strings{"1", "2", "3", "epoch 1", "4", "5", "6", "epoch 2", "7", "8", "9",
                            "epoch 3"}));
  EXPECT_EQ(logged(), (Lines{{2, 1}, {0, 1}, {4, 2}, {6, 2}, {0, 2}, {8, 3}, {0, 3}}));
  // The last epoch's too, which is not one of every second.
  EXPECT_EQ(files("checkpoints"), (Strings{"epoch_0002.safetensors", "epoch_0003.safetensors"}));
  EXPECT_FALSE(outcome.interrupted);
  EXPECT_EQ(outcome.checkpoint, folder_.path("run/checkpoints/epoch_0003.safetensors"));
  EXPECT_EQ(checkpoint_config(outcome.checkpoint).epochs, 3);
  EXPECT_EQ(files("images"), (Strings{"epoch_0001.png", "epoch_0002.png", "epoch_0003.png"}));
  for (const char* name : {"config.json", "real_samples.png", "losses.png", "training.gif"})
    EXPECT_TRUE(exists(name)) << name;
}

TEST_F(RunLoop, SavesNoStateTwice) {
  config_.epochs = 2;
  options_.after_epoch = [&](const EpochRecord& epoch, const std::string&) {
    if (epoch.epoch != 2) return;
    const std::string file = folder_.path("run/checkpoints/epoch_0002.safetensors");
    await(file);
    std::filesystem::remove(file);
  };
  train();
  EXPECT_EQ(files("checkpoints"), Strings{});
}

TEST_F(RunLoop, ReportsWhatItDid) {
  config_.steps = 5;
  Trainer t = trainer();
  const RunOutcome outcome = run_training(t, options_);
  EXPECT_FALSE(outcome.interrupted);
  EXPECT_EQ(outcome.checkpoint, folder_.path("run/checkpoints/step_00000005.safetensors"));
  // The unfinished epoch counts as one of two steps, in log and pictures too.
  EXPECT_EQ(logged(), (Lines{{2, 1}, {0, 1}, {4, 2}, {0, 2}}));
  EXPECT_EQ(files("images"), (Strings{"epoch_0001.png", "epoch_0002.png"}));
  const RunSummary& summary = outcome.summary;
  EXPECT_EQ(summary.title, "Vanilla GAN");
  EXPECT_EQ(summary.directory, options_.directory);
  EXPECT_EQ(summary.final_grid, folder_.path("run/images/epoch_0002.png"));
  const TrainingState& state = t.state();
  ASSERT_EQ(state.steps_in_epoch, 2);
  ASSERT_EQ(summary.epochs.size(), 2U);
  EXPECT_EQ(summary.epochs[0].means, state.history[0].means);
  EXPECT_EQ(summary.epochs[0].seconds, state.history[0].seconds);
  EXPECT_EQ(summary.epochs[1].epoch, 2);
  EXPECT_EQ(summary.epochs[1].means, (Measures{state.sums[0] / 2, state.sums[1] / 2}));
  EXPECT_EQ(summary.epochs[1].seconds, state.epoch_seconds);
  ASSERT_EQ(summary.networks.size(), 2U);
  EXPECT_EQ(summary.networks[1].name, "discriminator");
  EXPECT_EQ(summary.networks[1].parameters, t.networks()[1].parameters);
  ASSERT_EQ(summary.settings.size(), settings(config_).size());
  EXPECT_EQ(summary.settings[0], (std::pair<std::string, std::string>{"preset", "vanilla"}));
}

TEST_F(RunLoop, ReportsMovingStatisticsAndAnEpochOfOneStep) {
  config_ = small_preset("dcgan");
  config_.width = 1.0 / 64;
  config_.steps = 1;
  Trainer t = trainer();
  // Means and variances of 7x7x2 features, then of one channel and one: 128, 64, 32 at a 64th.
  const RunSummary summary = run_training(t, options_).summary;
  EXPECT_EQ(summary.networks[0].moving_statistics, 2 * (7 * 7 * 2 + 1 + 1));
  EXPECT_EQ(summary.epochs.size(), 1U);
  EXPECT_EQ(files("images"), Strings{"epoch_0001.png"});  // of an epoch of one step so far
}

TEST_F(RunLoop, CountsEpochsBetweenCheckpoints) {
  config_.checkpoint_every = 3;  // as many as an epoch has steps
  train();
  EXPECT_EQ(files("checkpoints"), (Strings{"epoch_0003.safetensors", "epoch_0004.safetensors"}));
}

TEST_F(RunLoop, OfWholeEpochsReportsEachOnce) {
  config_.epochs = 2;
  const RunSummary summary = train().summary;
  EXPECT_EQ(summary.epochs.size(), 2U);
  EXPECT_EQ(summary.final_grid, folder_.path("run/images/epoch_0002.png"));
}

TEST_F(RunLoop, StopsAfterTheCurrentStep) {
  std::atomic<bool> stop = false;
  options_.stop = &stop;
  config_.steps = 5;  // all but the last
  options_.after_step = [&](const StepResult& step, const Trainer&) { stop = step.step == 4; };
  const RunOutcome outcome = train();
  EXPECT_TRUE(outcome.interrupted);
  EXPECT_EQ(outcome.checkpoint, folder_.path("run/checkpoints/step_00000004.safetensors"));
  EXPECT_TRUE(exists("checkpoints/step_00000004.safetensors"));
  EXPECT_EQ(outcome.summary.final_grid, folder_.path("run/images/epoch_0001.png"));
  // The run that resumes this one continues the epoch.
  EXPECT_EQ(logged(), (Lines{{2, 1}, {0, 1}, {4, 2}}));
  EXPECT_EQ(files("images"), Strings{"epoch_0001.png"});
}

TEST_F(RunLoop, StoppedAtOnceSavesTheInitialState) {
  const std::atomic<bool> stop = true;
  options_.stop = &stop;
  const RunOutcome outcome = train();
  EXPECT_TRUE(outcome.interrupted);
  EXPECT_EQ(files("checkpoints"), Strings{"epoch_0000.safetensors"});
  EXPECT_EQ(outcome.summary.final_grid, "");
  EXPECT_TRUE(outcome.summary.epochs.empty());
}

// A run may have been killed after a checkpoint and before its pictures, or its disk was full.
TEST_F(RunLoop, DrawsWhatIsMissingOrOldFromCheckpoints) {
  config_.checkpoint_every = 1;
  config_.epochs = 3;
  const std::string checkpoint = train().checkpoint;
  std::map<std::string, std::string> before;
  for (const std::string name : {"images/epoch_0001.png", "images/epoch_0002.png",
                                 "images/epoch_0003.png", "training.gif", "losses.png"})
    before[name] = read_file(folder_.path("run/" + name));
  options_.checkpoint = checkpoint;
  const std::string link = folder_.path("link");
  std::filesystem::create_hard_link(checkpoint, link);
  const std::string grid = folder_.path("run/images/epoch_0002.png"), same = folder_.path("same");
  options_.after_epoch = [&](const EpochRecord&, const std::string&) { FAIL() << "trained"; };
  options_.after_step = [&](const StepResult&, const Trainer&) { FAIL() << "trained"; };
  for (const auto& [damaged, whole] : before)
    for (const bool removed : {true, false}) {
      std::filesystem::remove(same);
      std::filesystem::create_hard_link(grid, same);
      if (removed)
        std::filesystem::remove(folder_.path("run/" + damaged));
      else
        folder_.write("run/" + damaged, whole.substr(0, whole.size() / 2));
      Trainer t = trainer();
      t.load(checkpoint);
      EXPECT_EQ(run_training(t, options_).checkpoint, checkpoint);
      EXPECT_TRUE(std::filesystem::equivalent(checkpoint, link)) << "saved once more";
      EXPECT_EQ(std::filesystem::equivalent(grid, same), !grid.ends_with(damaged));
      for (const auto& [name, bytes] : before)
        EXPECT_TRUE(read_file(folder_.path("run/" + name)) == bytes) << name << " of " << damaged;
    }
}

// In the middle of an epoch the generator is another than at the end of the last.
TEST_F(RunLoop, DrawsNoPictureOfAnotherGenerator) {
  std::atomic<bool> stop = false;
  options_.stop = &stop;
  options_.after_step = [&](const StepResult& step, const Trainer&) { stop = step.step == 4; };
  const std::string checkpoint = train().checkpoint;
  std::filesystem::remove(folder_.path("run/images/epoch_0001.png"));
  stop = false;
  config_.steps = 5;
  options_.checkpoint = checkpoint;
  Trainer t = trainer();
  t.load(checkpoint);
  std::ostringstream warnings;
  const auto before = spdlog::default_logger();
  const auto sink = std::make_shared<spdlog::sinks::ostream_sink_st>(warnings);
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink));
  run_training(t, options_);
  spdlog::set_default_logger(before);
  EXPECT_EQ(files("images"), Strings{"epoch_0002.png"});
  EXPECT_NE(warnings.str().find("epoch 1 stays without its picture"), std::string::npos);
}

TEST_F(RunLoop, DrawsTheSameNoiseForEveryGrid) {
  config_.epochs = 1;
  Trainer t = trainer();
  run_training(t, options_);
  // The seed's own samples belong to `sample`; a grid's are of another seed, the same for all.
  const RunFolder expected(folder_.path("expected"), "", {});
  const auto images = to_bytes(t.sample(16, config_.seed ^ 0x9E3779B97F4A7C15u));
  expected.write_grid(1, {images, 16, 28, 28, 1});
  EXPECT_TRUE(read_file(expected.grid_path(1)) ==
              read_file(folder_.path("run/images/epoch_0001.png")));
}

}  // namespace
}  // namespace dcgan::test
