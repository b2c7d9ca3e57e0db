// Short runs that are trained as a user steers them.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "io/atomic_file.h"
#include "run/run.h"
#include "temporary_folder.h"
#include "train/small_presets.h"

namespace dcgan::test {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

/// 20 pictures: epochs of three steps.
class SteeredRun : public testing::Test {
 protected:
  SteeredRun() {
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

}  // namespace dcgan::test
