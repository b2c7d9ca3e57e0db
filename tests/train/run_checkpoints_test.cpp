// Which checkpoint of a run folder is taken, and what becomes of damaged ones.
#include "train/run_checkpoints.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "dcgan/error.h"
#include "dcgan/trainer.h"
#include "io/atomic_file.h"
#include "temporary_folder.h"
#include "train/small_presets.h"

namespace dcgan::test {
namespace {

namespace fs = std::filesystem;

/// Runs whose checkpoints have one, two, three steps and names that do not tell which.
class RunCheckpoints : public testing::Test {
 protected:
  RunCheckpoints() {
    config_.width = 1.0 / 64;
    config_.threads = 1;
    before_ = spdlog::default_logger();
    const auto sink = std::make_shared<spdlog::sinks::ostream_sink_st>(warnings_);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink));
  }
  ~RunCheckpoints() override { spdlog::set_default_logger(before_); }

  std::string run_folder(const std::string& name) {
    const std::string run = folder_.path(name);
    fs::create_directories(run + "/checkpoints");
    Trainer trainer(config_, pictures(config_, 20));
    for (const char* file : {"b", "c", "a"}) {
      trainer.train_step();
      trainer.save(run + "/checkpoints/" + file + ".safetensors");
    }
    return run;
  }
  static std::string file(const std::string& run, const std::string& name) {
    return run + "/checkpoints/" + name + ".safetensors";
  }
  /// Half of it is left, as after a copy that broke off.
  void cut(const std::string& path) const { fs::resize_file(path, fs::file_size(path) / 2); }
  static std::string refusal(const std::string& path) {
    try {
      return "found " + find_checkpoint(path);
    } catch (const UsageError& e) {
      return std::string("usage: ") + e.what();
    } catch (const Error& e) {
      return std::string("error: ") + e.what();
    }
  }
  long warned_lines() const {
    const std::string text = warnings_.str();
    return std::count(text.begin(), text.end(), '\n');
  }

  const TemporaryFolder folder_;
  Config config_ = small_preset("vanilla");
  std::ostringstream warnings_;
  std::shared_ptr<spdlog::logger> before_;
};

TEST_F(RunCheckpoints, TheOneWithTheMostStepsIsNewest) {
  const std::string run = run_folder("run");
  EXPECT_EQ(newest_checkpoint(run), file(run, "a"));
  EXPECT_EQ(find_checkpoint(run), file(run, "a"));
  EXPECT_EQ(find_checkpoint(file(run, "b")), file(run, "b"));
  EXPECT_EQ(warnings_.str(), "");
}

TEST_F(RunCheckpoints, DamagedOnesArePassedOverWithALine) {
  const std::string run = run_folder("run");
  cut(file(run, "a"));
  folder_.write("run/checkpoints/z.safetensors", "");
  folder_.write("run/checkpoints/notes.txt", "no checkpoint");
  EXPECT_EQ(newest_checkpoint(run), file(run, "c"));
  EXPECT_EQ(warned_lines(), 2) << warnings_.str();
  EXPECT_NE(warnings_.str().find("a.safetensors"), std::string::npos) << warnings_.str();
  EXPECT_EQ(warnings_.str().find("notes.txt"), std::string::npos) << warnings_.str();
}

TEST_F(RunCheckpoints, OneWithAFlippedBitIsPassedOver) {
  const std::string run = run_folder("run"), newest = newest_checkpoint(run);
  std::string bytes = read_file(newest);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  folder_.write("flipped", bytes);
  fs::rename(folder_.path("flipped"), newest);
  const std::string next = newest_checkpoint(run);
  EXPECT_NE(next, newest);
  EXPECT_NE(next, "");
  EXPECT_NE(warnings_.str().find(newest + ": it is damaged"), std::string::npos);
}

TEST_F(RunCheckpoints, AreInTheOrderOfTheirSteps) {
  std::vector<std::int64_t> steps;
  for (const RunCheckpoint& found : run_checkpoints(run_folder("run")))
    steps.push_back(found.state.step);
  EXPECT_EQ(steps, (std::vector<std::int64_t>{1, 2, 3}));
}

// Its header says what no file of its size can hold.
TEST_F(RunCheckpoints, OneOfTooLargeNetworksIsPassedOver) {
  const std::string run = run_folder("run");
  std::string text = read_file(file(run, "a"));
  const std::string width = "\\\"width\\\": 0.015625";
  const std::size_t at = text.find(width);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, width.size(), "\\\"width\\\": 8.015625");
  folder_.write("run/checkpoints/a.safetensors", text);
  EXPECT_EQ(newest_checkpoint(run), file(run, "c"));
  EXPECT_EQ(warned_lines(), 1) << warnings_.str();
}

TEST_F(RunCheckpoints, NoneIsNothing) {
  EXPECT_EQ(newest_checkpoint(folder_.path("missing")), "");
  EXPECT_FALSE(has_checkpoints(folder_.path("missing")));
  EXPECT_EQ(find_checkpoint(folder_.path("missing")), folder_.path("missing"));
  const std::string run = run_folder("run");
  for (const char* name : {"a", "b", "c"}) cut(file(run, name));
  EXPECT_EQ(newest_checkpoint(run), "");
  EXPECT_TRUE(has_checkpoints(run));
  EXPECT_TRUE(refusal(run).starts_with("error: " + run + ": no checkpoint that can be read"))
      << refusal(run);
}

TEST_F(RunCheckpoints, AMainJobHasTwoRunsToChooseFrom) {
  run_folder("job/vanilla");
  const std::string second = run_folder("job/dcgan");
  for (const std::string& job : {folder_.path("job"), folder_.path("job/")}) {
    const std::string why = refusal(job);
    EXPECT_TRUE(why.starts_with("usage: ")) << why;
    EXPECT_NE(why.find("job/vanilla"), std::string::npos) << why;
    EXPECT_NE(why.find("job/dcgan"), std::string::npos) << why;
  }
  EXPECT_EQ(find_checkpoint(second), file(second, "a"));
}

}  // namespace
}  // namespace dcgan::test
