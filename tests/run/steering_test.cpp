// What a run draws and saves as its user wants it, and what it does when things go wrong.
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
#include "run/steered_run.h"

namespace dcgan::test {
namespace {

using Steering = SteeredRun;

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

// The epoch before has just ended: its checkpoint is yet to be written.
TEST_F(Steering, ADivergedRunNamesTheCheckpointOfTheStepBefore) {
  Trainer t(config_, pictures(config_, 20));
  options_.after_step = [&](const StepResult& step, const Trainer&) {
    if (step.step != 3) return;
    t.save(folder_.path("saved"));
    t.load(poisoned(folder_.path("saved"), folder_.path("poisoned")));
  };
  std::string said;
  try {
    run_training(t, options_);
  } catch (const Error& error) {
    said = error.what();
  }
  EXPECT_NE(said.find("at step 4 (epoch 2) "), std::string::npos) << said;
  EXPECT_TRUE(
      said.ends_with("newest checkpoint is " + folder_.path("run/checkpoints/" + epoch_file(1))))
      << said;
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

TEST_F(Steering, WritesALineBeforeTheNextStep) {
  options_.after_step = [&](const StepResult& step, const Trainer&) {
    EXPECT_EQ(nlohmann::json::parse(log_lines().back()).at("step"), step.step);
  };
  config_.epochs = 1;
  train();
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

}  // namespace
}  // namespace dcgan::test
