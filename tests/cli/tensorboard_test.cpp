// Event files of whole runs: they say what the log says.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/small_run.h"
#include "run/event_reader.h"

namespace dcgan::test {
namespace {

using Strings = std::vector<std::string>;

class Tensorboard : public SmallRun {
 protected:
  Tensorboard() {
    folder.write("data/t10k-images-idx3-ubyte", idx_images(17, 28, 28));
    folder.write("data/t10k-labels-idx1-ubyte", idx_labels(17));
  }
  static void run(const Strings& arguments) {
    const Outcome outcome = run_program(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
  }
  Strings with_events(const std::string& out, Strings more, const std::string& preset = "vanilla") {
    more.insert(more.end(), {"--set", "tensorboard=1"});
    return train(out, more, preset);
  }
  Strings events(const std::string& out) const { return files_of_events(folder.path(out)); }
  Curves curves(const std::string& out) const { return curves_of(folder.path(out)); }
  /// What the log has, of lines with a step each; an epoch's follows its last step's.
  Curves logged(const std::string& out) const {
    Curves all;
    std::istringstream log(read_file(folder.path(out + "/log.jsonl")));
    std::int64_t step = 0;
    for (std::string text; std::getline(log, text);) {
      const auto line = nlohmann::json::parse(text);
      const bool of_step = line.contains("step");
      if (line.contains("resumed")) continue;
      if (of_step) step = line.at("step");
      for (const auto& [key, value] : line.items()) {
        if (key == "step" || key == "epoch" || key == "step_ms" || key == "epoch_s") continue;
        if (value.is_number())
          all[of_step || key.starts_with("test_") ? key : "epoch/" + key][step] = value;
        if (value.is_object())
          for (const auto& [name, figure] : value.items()) all[key + "/" + name][step] = figure;
      }
    }
    return all;
  }
  static Strings tags(const Curves& curves) {
    Strings all;
    for (const auto& [tag, points] : curves) all.push_back(tag);
    return all;
  }
};

TEST_F(Tensorboard, HasWhatTheLogHasOfAGan) {
  run(with_events("run", {"--epochs", "3", "--evaluate-every", "2"}));
  const Curves got = curves("run");
  EXPECT_EQ(got, logged("run"));
  EXPECT_EQ(tags(got),
            (Strings{"epoch/loss_discriminator", "epoch/loss_generator", "evaluation/class_entropy",
                     "evaluation/coverage", "evaluation/density", "evaluation/effective_classes",
                     "evaluation/frechet_distance", "evaluation/kernel_distance",
                     "evaluation/precision", "evaluation/recall", "evaluation/spread",
                     "images_per_s", "loss_discriminator", "loss_generator"}));
  EXPECT_EQ(got.at("loss_generator").size(), 9u);
  EXPECT_EQ(got.at("epoch/loss_generator").rbegin()->first, 9);
  EXPECT_EQ(got.at("evaluation/recall").begin()->first, 6);
  EXPECT_EQ(events("run").size(), 1u);
}

TEST_F(Tensorboard, HasWhatTheLogHasOfAClassifier) {
  run(with_events("run", {"--epochs", "2", "--set", "log_every=3"}, "classifier"));
  const Curves got = curves("run");
  EXPECT_EQ(got, logged("run"));
  EXPECT_EQ(tags(got), (Strings{"accuracy", "epoch/accuracy", "epoch/loss", "images_per_s", "loss",
                                "test_accuracy", "test_loss"}));
  EXPECT_EQ(got.at("loss").size(), 2u);
}

// From the first of three epochs, with all pictures in one batch: steps 6 to 9 are no more.
TEST_F(Tensorboard, AResumedRunTakesBackWhatItDoesAgain) {
  run(with_events("run", {"--epochs", "3"}));
  run({"train", "--resume", checkpoint("run", "epoch_0001"), "--out", folder.path("other"),
       "--epochs", "3", "--batch-size", "20"});
  run({"train", "--resume", checkpoint("run", "epoch_0001"), "--epochs", "3", "--batch-size",
       "20"});
  for (const std::string out : {"run", "other"}) {
    const Curves got = curves(out);
    EXPECT_EQ(got, logged(out)) << out;
    EXPECT_EQ(got.at("loss_generator").size(), 5u) << out;
    EXPECT_EQ(events(out).size(), 2u) << out;
  }
}

// The setting changes no training, so that the log has no line of it.
TEST_F(Tensorboard, MayBeginAndEndWhereARunIsResumed) {
  const std::string first = finished_run();
  EXPECT_EQ(events("run"), Strings{});
  run({"train", "--resume", first, "--epochs", "2", "--set", "tensorboard=1"});
  EXPECT_EQ(curves("run").at("loss_generator").begin()->first, 4);
  EXPECT_EQ(curves("run").at("loss_generator").rbegin()->first, 6);
  run({"train", "--resume", checkpoint("run", "epoch_0002"), "--epochs", "3", "--set",
       "tensorboard=0"});
  EXPECT_EQ(curves("run").at("loss_generator").rbegin()->first, 6);
  EXPECT_EQ(read_file(folder.path("run/log.jsonl")).find("resumed"), std::string::npos);
}

TEST_F(Tensorboard, FilesThatNoRunHasWrittenStay) {
  std::filesystem::create_directory(folder.path("run"));
  folder.write("run/events.out.tfevents.1.host", "mine");
  expect_refused(train("run", {"--steps", "1"}), 1, {"run/events.out.tfevents.1.host"});
  EXPECT_EQ(read_file(folder.path("run/events.out.tfevents.1.host")), "mine");
}

}  // namespace
}  // namespace dcgan::test
