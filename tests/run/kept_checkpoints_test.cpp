// Which checkpoints of a run stay: the newest, and the best, by what is known of the epochs.
#include "run/kept_checkpoints.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "io/safetensors.h"
#include "run/steered_run.h"

namespace dcgan::test {
namespace {

using Kept = SteeredRun;

TEST_F(Kept, KeepsTheNewestCheckpointsAndTheBest) {
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

TEST_F(Kept, KeepsNoOlderOneThanTheBest) {
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

TEST_F(Kept, CountsACheckpointOnceAndTakesNoHalfEpochForTheBest) {
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

TEST_F(Kept, RemovesOlderCheckpointsOfTheRunThatItResumes) {
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
TEST_F(Kept, LeavesCheckpointsOfLaterStepsAlone) {
  config_.epochs = 6;
  train();
  options_.checkpoint = folder_.path("run/checkpoints/" + epoch_file(2));
  config_.epochs = 3;
  config_.keep = 1;
  train();
  for (const std::int64_t epoch : {3, 4, 5, 6})
    EXPECT_TRUE(fs::exists(folder_.path("run/checkpoints/" + epoch_file(epoch)))) << epoch;
}

TEST_F(Kept, RemovesTheCheckpointThatItResumedAndNotTheNext) {
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

TEST_F(Kept, KeepsTheMostAccurateEpochOfAClassifier) {
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

}  // namespace
}  // namespace dcgan::test
