// What a run writes while it trains: nobody waits for it, in which order it is there, and what
// becomes of a run that cannot write.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <nlohmann/json.hpp>
#include <string>

#include "dcgan/error.h"
#include "run/await.h"
#include "run/steered_run.h"

namespace dcgan::test {
namespace {

class Writing : public SteeredRun {
 protected:
  std::string run(const std::string& name) const { return folder_.path("run/" + name); }
  /// Before the epoch's end is seen to.
  void at_step(std::int64_t number, const std::function<void()>& action) {
    options_.after_step = [=](const StepResult& step, const Trainer&) {
      if (step.step == number) action();
    };
  }
  /// Trains a run that has to fail; what it says.
  std::string failure() {
    try {
      train();
    } catch (const Error& error) {
      return error.what();
    }
    ADD_FAILURE() << "did not fail";
    return "";
  }
  /// More than a test waits for: the run ends earlier.
  static constexpr std::int64_t endless = 1'000'000;
};

// The second epoch's animation is made anew from grids of which one is a pipe: nothing comes out of
// it until somebody writes.
TEST_F(Writing, StepsDoNotWaitForPictures) {
  config_.epochs = 6;
  std::promise<void> two_epochs_later;
  options_.after_step = [&](const StepResult& step, const Trainer&) {
    if (step.step == 4) {
      await(run("losses.png"));  // drawn after the first epoch's animation
      fs::remove(run("training.gif"));
      fs::remove(run("images/epoch_0001.png"));
      ASSERT_EQ(mkfifo(run("images/epoch_0001.png").c_str(), 0600), 0);
    }
    if (step.step != 12) return;
    EXPECT_FALSE(fs::exists(run("images/epoch_0003.png"))) << "nothing held the pictures up";
    two_epochs_later.set_value();
  };
  auto reader_is_served = std::async(std::launch::async, [&] {
    const auto reached = two_epochs_later.get_future().wait_for(std::chrono::seconds(60));
    std::ofstream(run("images/epoch_0001.png")) << "no picture";
    return reached == std::future_status::ready;
  });
  train();
  EXPECT_TRUE(reader_is_served.get()) << "steps waited for pictures";
  EXPECT_EQ(files("images").size(), 6U);
  EXPECT_EQ(files("checkpoints").size(), 6U);
}

TEST_F(Writing, ExtendsTheAnimation) {
  config_.epochs = 5;
  const std::string gif = run("training.gif"), link = folder_.path("link");
  options_.after_epoch = [&](const EpochRecord& epoch, const std::string&) {
    if (epoch.epoch != 1) return;
    await(gif);
    fs::create_hard_link(gif, link);
  };
  train();
  EXPECT_TRUE(fs::equivalent(gif, link)) << "made anew";
}

TEST_F(Writing, APictureThatCannotBeDrawnEndsTheRunWhoseStateIsSaved) {
  config_.epochs = endless;
  config_.checkpoint_every = endless;
  // A folder in the grid's place: it cannot be replaced.
  at_step(5, [&] { fs::create_directory(run("images/epoch_0002.png")); });
  EXPECT_NE(failure().find("epoch_0002.png"), std::string::npos);
  ASSERT_EQ(files("checkpoints").size(), 1U);
  const std::string saved = run("checkpoints/" + files("checkpoints").front());
  Trainer again(config_, pictures(config_, 20));
  again.load(saved);
  EXPECT_GE(again.state().step, 6);
  // What was queued behind the picture has been done all the same.
  const auto epochs = static_cast<std::int64_t>(again.state().history.size());
  for (std::int64_t epoch = 3; epoch <= epochs; ++epoch)
    EXPECT_TRUE(fs::is_regular_file(run("images/epoch_000" + std::to_string(epoch) + ".png")));
  // It goes on from there.
  fs::remove(run("images/epoch_0002.png"));
  config_.epochs = epochs + 2;
  options_ = {};
  options_.directory = folder_.path("run");
  options_.checkpoint = saved;
  train();
  EXPECT_EQ(state_.history.size(), static_cast<std::size_t>(config_.epochs));
}

TEST_F(Writing, ACheckpointThatCannotBeWrittenEndsTheRun) {
  config_.epochs = endless;
  at_step(2, [&] { fs::create_directory(run("checkpoints/" + epoch_file(1))); });
  EXPECT_NE(failure().find(epoch_file(1)), std::string::npos);
}

// What a checkpoint holds, its log tells: it is made durable first.
TEST_F(Writing, TheLogIsNeverBehindTheCheckpoint) {
  config_.epochs = 3;
  at_step(3, [&] {
    fs::remove(run("log.jsonl"));  // it is there again once it is durable
    fs::remove(run("checkpoints"));
    folder_.write("run/checkpoints", "no folder");
  });
  EXPECT_NE(failure().find(epoch_file(1)), std::string::npos);
  ASSERT_GE(log_lines().size(), 4U);
  EXPECT_EQ(nlohmann::json::parse(log_lines()[0]).at("step"), 1);
  EXPECT_EQ(nlohmann::json::parse(log_lines()[3]).at("grid"), "images/epoch_0001.png");
}

// An error of the training itself is told; what is queued is written before.
TEST_F(Writing, LeavesNothingUnwrittenWhateverEndsTheRun) {
  config_.epochs = endless;
  config_.checkpoint_every = endless;
  at_step(7, [] { throw Error("of a step"); });
  EXPECT_EQ(failure(), "of a step");
  EXPECT_EQ(files("images"), (Strings{"epoch_0001.png", "epoch_0002.png"}));
  EXPECT_TRUE(fs::exists(run("losses.png")));
}

}  // namespace
}  // namespace dcgan::test
