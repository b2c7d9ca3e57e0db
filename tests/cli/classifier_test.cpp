// Training a classifier from the command line: what it writes, how it resumes, and what it is not.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "cli/small_run.h"
#include "image/image.h"
#include "io/safetensors.h"

namespace dcgan::test {
namespace {

namespace fs = std::filesystem;

/// With test images, too.
class ClassifierRun : public SmallRun {
 protected:
  ClassifierRun() {
    folder.write("data/t10k-images-idx3-ubyte", idx_images(17, 28, 28));
    folder.write("data/t10k-labels-idx1-ubyte", idx_labels(17));
  }
  std::vector<nlohmann::json> log(const std::string& out) const {
    std::vector<nlohmann::json> lines;
    std::istringstream text(read_file(folder.path(out + "/log.jsonl")));
    for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }
};

TEST_F(ClassifierRun, WritesItsFolder) {
  for (const std::string preset : {"classifier", "judge"}) {
    const Outcome outcome = run_program(train(preset, {"--epochs", "2"}, preset));
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
    EXPECT_TRUE(has(outcome.out, "test loss ")) << outcome.out;
    for (const char* name :
         {"config.json", "real_samples.png", "losses.png", "predictions.png",
          "checkpoints/epoch_0001.safetensors", "checkpoints/epoch_0002.safetensors"})
      EXPECT_TRUE(fs::is_regular_file(folder.path(preset + "/") + name)) << name;
    for (const char* name : {"training.gif", "images/epoch_0001.png"})
      EXPECT_FALSE(fs::exists(folder.path(preset + "/") + name)) << name;
    int steps = 0, epochs = 0;
    for (const nlohmann::json& line : log(preset)) {
      EXPECT_TRUE(line.contains("loss") && line.contains("accuracy")) << line;
      if (line.contains("step")) {
        EXPECT_EQ(line.at("step"), ++steps);
        EXPECT_FALSE(line.contains("test_loss")) << line;
      } else {
        EXPECT_EQ(line.at("epoch"), ++epochs);
        EXPECT_TRUE(line.contains("test_loss") && line.contains("test_accuracy")) << line;
        EXPECT_FALSE(line.contains("grid")) << line;
      }
    }
    EXPECT_EQ(steps, 6);
    EXPECT_EQ(epochs, 2);
  }
}

TEST_F(ClassifierRun, WithoutTestImagesIsTrainedWithoutThem) {
  for (const char* name : {"data/t10k-images-idx3-ubyte", "data/t10k-labels-idx1-ubyte"})
    fs::remove(folder.path(name));
  const Outcome outcome = run_program(train("run", {"--epochs", "1"}, "classifier"));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(has(outcome.err, "t10k-images")) << outcome.err;
  EXPECT_FALSE(log("run").back().contains("test_accuracy"));
  EXPECT_TRUE(fs::is_regular_file(folder.path("run/predictions.png")));
}

TEST_F(ClassifierRun, WithoutLabelsEndsInOneLine) {
  fs::remove(data + "/train-labels-idx1-ubyte.gz");
  expect_refused(train("run", {}, "classifier"), 1, {"has no labels", "train-labels-idx1-ubyte"});
  EXPECT_FALSE(fs::exists(folder.path("run")));
}

TEST_F(ClassifierRun, InterruptedResumesToTheBitsOfAnUnbrokenOne) {
  // A schedule would depend on the run's length.
  const auto arguments = [&](const std::string& out, const char* length, const std::string& n) {
    return train(out, {length, n, "--set", "classifier.final_learning_rate=0"}, "judge");
  };
  Program program(arguments("run", "--epochs", "100000"));
  for (int i = 0; i < 6000 && !fs::exists(folder.path("run/predictions.png")); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  program.signal(SIGINT);
  const Outcome stopped = program.wait();
  ASSERT_EQ(stopped.status, 130) << stopped.err;
  std::int64_t done = 0;  // the last line may be an epoch's
  for (const auto& line : log("run")) done = std::max(done, line.value("step", std::int64_t{0}));
  const std::string steps = std::to_string((done / 3 + 3) * 3);
  const Outcome resumed = run_program({"train", "--resume", folder.path("run"), "--steps", steps});
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  const Outcome unbroken = run_program(arguments("whole", "--steps", steps));
  ASSERT_EQ(unbroken.status, 0) << unbroken.err;
  char name[32];
  std::snprintf(name, sizeof name, "epoch_%04lld", std::stoll(steps) / 3);
  const SafetensorsFile a(checkpoint("run", name)), b(checkpoint("whole", name));
  ASSERT_EQ(a.entries().size(), b.entries().size());
  for (const auto& [tensor, entry] : a.entries()) EXPECT_EQ(a.f32(tensor), b.f32(tensor)) << tensor;
  for (const char* picture : {"/losses.png", "/predictions.png"})
    EXPECT_EQ(read_file(folder.path("run") + picture), read_file(folder.path("whole") + picture));
}

TEST_F(ClassifierRun, IsDescribedByInfo) {
  const std::string file = finished_run("run", "classifier");
  const Outcome outcome = run_program({"info", file});
  EXPECT_EQ(outcome.status, 0);
  for (const char* part : {"Classifier of the TensorFlow tutorial, step 3", "epoch 1  loss ",
                           "accuracy ", "test loss ", "classifier.dense1.kernel"})
    EXPECT_TRUE(has(outcome.out, part)) << part;
  const std::string all = run_program({"info"}).out;
  for (const char* part : {"classifier: 101770 parameters", "preset judge: Judge"})
    EXPECT_TRUE(has(all, part)) << part;
}

TEST_F(ClassifierRun, WritesItsWeightsAlone) {
  const std::string whole = finished_run("run", "judge"), file = folder.path("weights");
  const Outcome outcome = run_program({"train", "--resume", folder.path("run"), "--weights", file});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const SafetensorsFile all(whole), weights(file);
  weights.verify();
  std::size_t moments = 0;
  for (const auto& [name, entry] : all.entries()) {
    const bool moment = name.starts_with("adam.");
    EXPECT_EQ(weights.contains(name), !moment) << name;
    if (!moment) {
      EXPECT_EQ(weights.f32(name), all.f32(name)) << name;
    }
    moments += moment;
  }
  EXPECT_EQ(weights.entries().size() + moments, all.entries().size());
  EXPECT_NEAR(std::stod(weights.metadata().at("test_accuracy")),
              log("run").back().at("test_accuracy").get<double>(), 1e-6);
  const Outcome begun = run_program(train("begun", {"--init", file, "--steps", "1"}, "judge"));
  EXPECT_EQ(begun.status, 0) << begun.err;
}

TEST_F(ClassifierRun, IsNoGan) {
  const std::string file = finished_run("run", "classifier");
  const std::string picture = folder.path("x.png");
  expect_refused({"sample", "--checkpoint", file, "--out", picture}, 1,
                 {file, "classifier", "GAN"});
  expect_refused({"sample", "--checkpoint", file, "--out", picture, "--interpolate", "3"}, 1,
                 {file, "classifier"});
  expect_refused(train("gan", {"--init", file}), 2, {"--init", "classifier"});
  EXPECT_FALSE(fs::exists(picture));
}

}  // namespace
}  // namespace dcgan::test
