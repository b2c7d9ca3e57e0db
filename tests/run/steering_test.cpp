// What a run keeps, draws and saves as its user wants it, and what it does when things go wrong.
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <limits>
#include <list>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "dcgan/error.h"
#include "image/image.h"
#include "io/atomic_file.h"
#include "io/safetensors.h"
#include "run/kept_checkpoints.h"
#include "run/run.h"
#include "temporary_folder.h"
#include "train/small_presets.h"

namespace dcgan::test {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

/// 20 pictures: epochs of three steps.
class Steering : public testing::Test {
 protected:
  Steering() {
    config_.width = 1.0 / 64;
    config_.threads = 1;
    options_.directory = folder_.path("run");
  }
  RunOutcome train() {
    Trainer t(config_, pictures(config_, 20));
    if (!options_.checkpoint.empty()) t.load(options_.checkpoint);
    state_ = {};
    RunOutcome outcome = run_training(t, options_);
    state_ = t.state();
    return outcome;
  }
  Strings files(const std::string& name) const {
    Strings all;
    for (const auto& entry : fs::directory_iterator(folder_.path("run/" + name)))
      all.push_back(entry.path().filename());
    std::sort(all.begin(), all.end());
    return all;
  }
  Strings log_lines() const {
    Strings lines;
    std::istringstream log(read_file(folder_.path("run/log.jsonl")));
    for (std::string line; std::getline(log, line);) lines.push_back(line);
    return lines;
  }
  static std::string epoch_file(std::int64_t epoch) {
    return "epoch_000" + std::to_string(epoch) + ".safetensors";
  }

  const TemporaryFolder folder_;
  Config config_ = small_preset("vanilla");
  RunOptions options_;
  TrainingState state_;
};

TEST_F(Steering, KeepsTheNewestCheckpointsAndTheBest) {
  config_.epochs = 6;
  config_.keep = 2;
  train();
  // The best of those that were still there when the next came.
  std::vector<EpochRecord> left;
  for (std::int64_t epoch = 1; epoch <= 6; ++epoch) {
    left.push_back(state_.history[static_cast<std::size_t>(epoch) - 1]);
    const std::int64_t best = most_balanced_epoch(left);
    std::erase_if(left,
                  [&](const EpochRecord& e) { return e.epoch <= epoch - 2 && e.epoch != best; });
  }
  Strings expected;
  for (const EpochRecord& e : left) expected.push_back(epoch_file(e.epoch));
  EXPECT_EQ(files("checkpoints"), expected);
  EXPECT_GE(expected.size(), 2U);
  EXPECT_EQ(expected.back(), epoch_file(6));
}

/// Adds checkpoints of whole epochs, the last of `history`; returns what is left.
Strings left_of(const TemporaryFolder& folder, std::int64_t keep,
                const std::vector<EpochRecord>& history) {
  fs::create_directories(folder.path("kept/checkpoints"));
  KeptCheckpoints kept(folder.path("kept"), keep, {});
  TrainingState state;
  for (const EpochRecord& epoch : history) {
    state.history.push_back(epoch);
    state.step += 3;
    const std::string name = "kept/checkpoints/" + std::to_string(epoch.epoch);
    folder.write(name, "a checkpoint");
    kept.add(folder.path(name), state);
  }
  Strings left;
  for (const auto& entry : fs::directory_iterator(folder.path("kept/checkpoints")))
    left.push_back(entry.path().filename());
  std::sort(left.begin(), left.end());
  fs::remove_all(folder.path("kept"));
  return left;
}

TEST_F(Steering, KeepsNoOlderOneThanTheBest) {
  const EpochRecord good{1, {0.69, 1.38}, 0, {}}, bad{1, {5, 0.1}, 0, {}};
  const auto history = [](std::vector<EpochRecord> epochs) {
    for (std::size_t i = 0; i < epochs.size(); ++i)
      epochs[i].epoch = static_cast<std::int64_t>(i) + 1;
    return epochs;
  };
  EXPECT_EQ(left_of(folder_, 1, history({bad, good, bad, bad})), (Strings{"2", "4"}));
  EXPECT_EQ(left_of(folder_, 1, history({bad, bad, bad, good})), (Strings{"4"}));
  EXPECT_EQ(left_of(folder_, 2, history({good, bad, bad, bad})), (Strings{"1", "3", "4"}));
  EXPECT_EQ(left_of(folder_, 2, history({bad, bad, good, bad})), (Strings{"3", "4"}));
  EXPECT_EQ(left_of(folder_, 5, history({bad, bad, good, bad})), (Strings{"1", "2", "3", "4"}));
  EXPECT_EQ(left_of(folder_, 0, history({bad, bad, bad})), (Strings{"1", "2", "3"}));
}

TEST_F(Steering, CountsACheckpointOnceAndTakesNoHalfEpochForTheBest) {
  fs::create_directories(folder_.path("kept"));
  KeptCheckpoints kept(folder_.path("kept"), 2, {});
  const auto add = [&](const std::string& name, const TrainingState& state) {
    folder_.write("kept/" + name, "a checkpoint");
    kept.add(folder_.path("kept/" + name), state);
  };
  const auto left = [&](const std::string& name) {
    return fs::exists(folder_.path("kept/" + name));
  };
  TrainingState state;
  state.history = {{1, {5, 0.1}, 0, {}}};  // better than none
  add("first", state);
  state.steps_in_epoch = 1;
  add("half", state);
  add("half", state);
  EXPECT_TRUE(left("first") && left("half"));
  // Without a whole epoch there is no best.
  KeptCheckpoints halves(folder_.path("kept"), 1, {});
  state.history.clear();
  for (const char* name : {"a", "b"}) {
    folder_.write("kept/" + std::string(name), "a checkpoint");
    halves.add(folder_.path("kept/" + std::string(name)), name[0] == 'a' ? TrainingState{} : state);
  }
  EXPECT_FALSE(left("a"));
  EXPECT_TRUE(left("b"));
  state.history = {{1, {0.69, 1.38}, 0, {}}};
  add("more", state);
  EXPECT_TRUE(left("half"));
  add("most", state);
  EXPECT_TRUE(left("first") && left("more") && left("most"));
  EXPECT_FALSE(left("half"));
}

TEST_F(Steering, RemovesOlderCheckpointsOfTheRunThatItResumes) {
  config_.epochs = 4;
  options_.checkpoint = train().checkpoint;
  ASSERT_EQ(files("checkpoints").size(), 4U);
  folder_.write("run/checkpoints/mine.safetensors", "no checkpoint");
  config_.epochs = 5;
  config_.keep = 1;
  train();
  const Strings left = files("checkpoints");
  EXPECT_LE(left.size(), 3U);  // the newest, the best, and what is no checkpoint
  EXPECT_TRUE(std::count(left.begin(), left.end(), epoch_file(5)));
  EXPECT_TRUE(std::count(left.begin(), left.end(), "mine.safetensors"));
}

// From an older checkpoint, those after it are somebody's to compare with.
TEST_F(Steering, LeavesCheckpointsOfLaterStepsAlone) {
  config_.epochs = 6;
  train();
  options_.checkpoint = folder_.path("run/checkpoints/" + epoch_file(2));
  config_.epochs = 3;
  config_.keep = 1;
  train();
  for (const std::int64_t epoch : {3, 4, 5, 6})
    EXPECT_TRUE(fs::exists(folder_.path("run/checkpoints/" + epoch_file(epoch)))) << epoch;
}

TEST_F(Steering, RemovesTheCheckpointThatItResumedAndNotTheNext) {
  config_.steps = 4;
  const std::string resumed = train().checkpoint;
  options_.checkpoint = resumed;
  config_.steps = 5;
  const std::string next = train().checkpoint;
  config_.steps = 6;
  config_.keep = 1;
  train();
  EXPECT_FALSE(fs::exists(resumed));
  EXPECT_TRUE(fs::exists(next));
}

TEST(MostAccurateEpoch, IsTheOneThatTestsBest) {
  EXPECT_EQ(most_accurate_epoch({}), 0);
  // Without tests, of the training.
  EXPECT_EQ(most_accurate_epoch({{1, {1, 0.5}, 0, {}}, {2, {2, 0.7}, 0, {}}, {3, {1, 0.6}, 0, {}}}),
            2);
  EXPECT_EQ(most_accurate_epoch({{1, {0, 0.9}, 0, Measures{3, 0.5}},
                                 {2, {0, 0.8}, 0, Measures{1, 0.6}},
                                 {3, {0, 0.9}, 0, Measures{2, 0.6}}}),
            2);
}

TEST_F(Steering, KeepsTheMostAccurateEpochOfAClassifier) {
  fs::create_directories(folder_.path("kept"));
  KeptCheckpoints kept(folder_.path("kept"), 1, {}, Task::classifier);
  TrainingState state;
  for (const double accuracy : {0.5, 0.9, 0.6, 0.7}) {
    const auto epoch = static_cast<std::int64_t>(state.history.size()) + 1;
    state.history.push_back({epoch, {1, 1}, 0, Measures{1, accuracy}});
    folder_.write("kept/" + std::to_string(epoch), "a checkpoint");
    kept.add(folder_.path("kept/" + std::to_string(epoch)), state);
  }
  Strings left;
  for (const auto& entry : fs::directory_iterator(folder_.path("kept")))
    left.push_back(entry.path().filename());
  std::sort(left.begin(), left.end());
  EXPECT_EQ(left, (Strings{"2", "4"}));
}

TEST(Nearest, IsTheEpochOfTheLeastDistanceThatIsANumber) {
  const auto epoch = [](std::int64_t number, double distance) {
    EpochRecord record{number};
    record.frechet_distance = distance;
    return record;
  };
  EXPECT_EQ(nearest_epoch({}), 0);
  EXPECT_EQ(nearest_epoch({EpochRecord{1}, EpochRecord{2}}), 0);
  EXPECT_EQ(nearest_epoch({EpochRecord{1}, epoch(2, 30), epoch(3, 10), epoch(4, 20)}), 3);
  EXPECT_EQ(nearest_epoch({epoch(2, std::nan("")), epoch(5, 30), epoch(6, 30)}), 5);
}

TEST(MostBalancedEpoch, IsTheOneNearestToAnEquilibrium) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(most_balanced_epoch({}), 0);
  EXPECT_EQ(most_balanced_epoch({{1, {nan, 1}, 0, {}}}), 0);
  // Both losses count: 1.386 and 0.693 would be even.
  EXPECT_EQ(
      most_balanced_epoch({{1, {0.7, 0.4}, 0, {}}, {2, {0.9, 1.3}, 0, {}}, {3, {3, 1.38}, 0, {}}}),
      2);
  EXPECT_EQ(most_balanced_epoch({{1, {0.9, 1.3}, 0, {}}, {2, {0.9, 1.3}, 0, {}}}), 1);
  // And both of the equilibrium's losses: others would be met by another of these.
  EXPECT_EQ(most_balanced_epoch({{1, {0.69, 1.38}, 0, {}},
                                 {2, {1.1, 2.2}, 0, {}},
                                 {3, {0.69, 2.08}, 0, {}},
                                 {4, {0.69, 0.69}, 0, {}},
                                 {5, {1.1, 1.38}, 0, {}},
                                 {6, {0.69, 2.69}, 0, {}},
                                 {7, {0.1, 1.38}, 0, {}}}),
            1);
  EXPECT_EQ(most_balanced_epoch({{7, {nan, nan}, 0, {}}, {8, {5, 0.1}, 0, {}}}), 8);
}

TEST_F(Steering, DrawsEveryNthEpochAndTheLast) {
  config_.epochs = 5;
  config_.pictures_every = 2;
  Strings grids;
  options_.after_epoch = [&](const EpochRecord&, const std::string& grid) {
    grids.push_back(fs::path(grid).filename());
  };
  train();
  EXPECT_EQ(files("images"), (Strings{"epoch_0002.png", "epoch_0004.png", "epoch_0005.png"}));
  EXPECT_EQ(grids, (Strings{"", "epoch_0002.png", "", "epoch_0004.png", "epoch_0005.png"}));
  std::vector<bool> named;
  for (const std::string& line : log_lines())
    if (const auto j = nlohmann::json::parse(line); !j.contains("step"))
      named.push_back(j.contains("grid"));
  EXPECT_EQ(named, (std::vector<bool>{false, true, false, true, true}));
}

/// A copy of a checkpoint whose discriminator has NaN in it.
std::string poisoned(const std::string& path, const std::string& copy) {
  const SafetensorsFile whole(path);
  std::list<std::vector<float>> values;
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, entry] : whole.entries()) {
    values.push_back(whole.f32(name));
    if (name == "discriminator.dense1.kernel")
      values.back()[0] = std::numeric_limits<float>::quiet_NaN();
    tensors.push_back({name, DType::f32, entry.shape, values.back().data()});
  }
  write_safetensors(copy, tensors, whole.metadata());
  return copy;
}

// The picture of an epoch whose turn has not come is drawn only where a run ends.
TEST_F(Steering, AResumedRunDrawsNoMoreThanAnUnbrokenOne) {
  config_.pictures_every = 2;
  config_.epochs = 3;
  std::atomic<bool> stop = false;
  options_.stop = &stop;
  options_.after_step = [&](const StepResult& step, const Trainer&) { stop = step.step == 3; };
  options_.checkpoint = train().checkpoint;
  stop = false;
  options_.checkpoint = train().checkpoint;
  EXPECT_EQ(files("images"), (Strings{"epoch_0002.png", "epoch_0003.png"}));
  for (const char* name : {"epoch_0002.png", "epoch_0003.png"})
    fs::remove(folder_.path("run/images/" + std::string(name)));
  train();
  EXPECT_EQ(files("images"), (Strings{"epoch_0002.png", "epoch_0003.png"}));
}

// Elsewhere there are no checkpoints to draw from, but the one that is resumed.
TEST_F(Steering, AResumedRunDrawsTheLastEpochItself) {
  config_.epochs = 2;
  fs::copy_file(train().checkpoint, folder_.path("lone"));
  options_.checkpoint = folder_.path("lone");
  options_.directory = folder_.path("elsewhere");
  train();
  EXPECT_TRUE(read_file(folder_.path("elsewhere/images/epoch_0002.png")) ==
              read_file(folder_.path("run/images/epoch_0002.png")));
}

TEST_F(Steering, StopsAtALossThatIsNotFinite) {
  config_.epochs = 3;
  options_.checkpoint = poisoned(train().checkpoint, folder_.path("run/checkpoints/poisoned"));
  config_.epochs = 5;
  config_.log_every = 1000;
  options_.after_step = [](const StepResult&, const Trainer&) { FAIL() << "went on"; };
  std::string said;
  try {
    train();
  } catch (const Error& error) {
    said = error.what();
  }
  EXPECT_NE(said.find("at step 10 (epoch 4) "), std::string::npos) << said;
  EXPECT_NE(said.find("learning_rate"), std::string::npos) << said;
  EXPECT_NE(said.find("newest checkpoint is " + options_.checkpoint), std::string::npos) << said;
  EXPECT_EQ(files("checkpoints").size(), 4U);
  // The log tells of the step, though its turn had not come.
  const auto last = nlohmann::json::parse(log_lines().back());
  EXPECT_EQ(last.at("step"), 10);
  EXPECT_TRUE(last.at("loss_generator").is_null() && last.at("loss_discriminator").is_null());
}

TEST_F(Steering, WarnsOfACollapseWithItsStep) {
  config_.steps = 501;
  config_.pictures_every = config_.checkpoint_every = config_.log_every = 1000;
  // Of weights so small all pictures are grey; they stay as they are.
  config_.generator.learning_rate = config_.discriminator.learning_rate = 1e-30;
  config_.epochs = 1;
  Trainer grey(config_, pictures(config_, 20));
  grey.save(folder_.path("initial"));
  const SafetensorsFile whole(folder_.path("initial"));
  std::list<std::vector<float>> values;
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, entry] : whole.entries()) {
    values.push_back(whole.f32(name));
    if (name.starts_with("generator.")) values.back().assign(values.back().size(), 0);
    tensors.push_back({name, DType::f32, entry.shape, values.back().data()});
  }
  write_safetensors(folder_.path("grey"), tensors, whole.metadata());
  options_.checkpoint = folder_.path("grey");
  std::ostringstream warnings;
  const auto before = spdlog::default_logger();
  const auto sink = std::make_shared<spdlog::sinks::ostream_sink_st>(warnings);
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink));
  train();
  spdlog::set_default_logger(before);
  EXPECT_NE(warnings.str().find("(step 501): the generated pictures are all alike"),
            std::string::npos)
      << warnings.str();
}

TEST_F(Steering, SavesTheStateBeforeWhatCannotBeDrawn) {
  config_.epochs = 4;
  config_.checkpoint_every = 100;
  // A folder in the grid's place: it cannot be replaced.
  options_.after_step = [&](const StepResult& step, const Trainer&) {
    if (step.step == 5) fs::create_directory(folder_.path("run/images/epoch_0002.png"));
  };
  try {
    train();
    ADD_FAILURE() << "drew";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("epoch_0002.png"), std::string::npos);
  }
  EXPECT_EQ(files("checkpoints"), Strings{epoch_file(2)});
}

TEST_F(Steering, WritesALineBeforeTheNextStep) {
  options_.after_step = [&](const StepResult& step, const Trainer&) {
    EXPECT_EQ(nlohmann::json::parse(log_lines().back()).at("step"), step.step);
  };
  config_.epochs = 1;
  train();
}

// What a checkpoint holds, its log tells.
TEST_F(Steering, TheLogIsNeverBehindTheCheckpoint) {
  config_.epochs = 3;
  options_.after_epoch = [&](const EpochRecord& epoch, const std::string&) {
    ASSERT_TRUE(fs::exists(folder_.path("run/checkpoints/" + epoch_file(epoch.epoch))));
  };
  options_.after_step = [&](const StepResult& step, const Trainer&) {
    if (step.step != 3) return;
    fs::remove(folder_.path("run/log.jsonl"));  // it is there again before the checkpoint
    fs::create_directory(folder_.path("run/checkpoints/" + epoch_file(1)));
  };
  EXPECT_THROW(train(), Error);
  EXPECT_EQ(log_lines().size(), 4U);
}

TEST_F(Steering, RecordsWhatAResumedRunChanges) {
  config_.steps = 4;
  options_.checkpoint = train().checkpoint;
  config_.steps = 6;
  config_.generator.learning_rate = 0.25;
  train();
  const auto line = nlohmann::json::parse(log_lines().at(5));  // after 4 steps and an epoch
  EXPECT_EQ(line, nlohmann::json::parse(R"({"resumed": 4, "epoch": 2, "changed":
    {"generator.learning_rate": {"from": "2e-04", "to": "0.25"}}})"));
  const std::string text = read_file(folder_.path("run/config.json"));
  EXPECT_EQ(nlohmann::json::parse(text).at(changed_on_resume),
            nlohmann::json::parse(R"([{"step": 4, "key": "generator.learning_rate",
                                       "from": "2e-04", "to": "0.25"}])"));
  EXPECT_EQ(config_from_json(text, "here").generator.learning_rate, 0.25);
  // A later change has a line of its own.
  options_.checkpoint = folder_.path("run/checkpoints/epoch_0002.safetensors");
  config_.steps = 7;
  config_.dropout = 0.5;
  train();
  EXPECT_EQ(nlohmann::json::parse(log_lines().at(9)).at("changed").size(), 1U);
  config_.dropout = 0.3;
  config_.steps = 6;
  // From before the change, it has not been made.
  options_.checkpoint = folder_.path("run/checkpoints/epoch_0001.safetensors");
  config_.generator.learning_rate = 2e-4;
  train();
  for (const std::string& l : log_lines()) EXPECT_EQ(l.find("changed"), std::string::npos) << l;
  EXPECT_EQ(log_lines().size(), 8U);
}

TEST_F(Steering, ExtendsTheAnimationOrMakesItAnew) {
  config_.epochs = 5;
  const std::string gif = folder_.path("run/training.gif"), link = folder_.path("link");
  options_.after_epoch = [&](const EpochRecord& epoch, const std::string&) {
    if (epoch.epoch == 1) fs::create_hard_link(gif, link);
    if (epoch.epoch <= 3) {
      EXPECT_TRUE(fs::equivalent(gif, link)) << "made anew";
    }
    if (epoch.epoch == 3) fs::remove(gif);
    if (epoch.epoch == 4) folder_.write("run/training.gif", "something else");
  };
  train();
  const std::string extended = read_file(folder_.path("run/training.gif"));
  options_.after_epoch = nullptr;
  fs::remove_all(folder_.path("run"));
  train();
  EXPECT_TRUE(read_file(folder_.path("run/training.gif")) == extended);
}

}  // namespace
}  // namespace dcgan::test
