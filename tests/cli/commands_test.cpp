// What each command writes when all is well.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "backend/backend.h"
#include "cli/small_run.h"
#include "image/image.h"
#include "io/safetensors.h"

namespace dcgan::test {
namespace {

namespace fs = std::filesystem;

class Commands : public SmallRun {};

TEST_F(Commands, EveryOneHasHelp) {
  EXPECT_TRUE(has(run_program({"--version"}).out, "0."));
  for (const std::string command : {"", "train", "sample", "replay", "kernels", "info"}) {
    std::vector<std::string> arguments;
    if (!command.empty()) arguments.push_back(command);
    arguments.emplace_back("--help");
    const Outcome outcome = run_program(arguments);
    EXPECT_EQ(outcome.status, 0);
    EXPECT_TRUE(has(outcome.out, "--help") && has(outcome.out, "sage")) << outcome.out;
    EXPECT_EQ(outcome.err, "");
  }
}

TEST_F(Commands, InfoCountsTheParametersOfTheOriginals) {
  const Outcome outcome = run_program({"info"});
  EXPECT_EQ(outcome.status, 0);
  for (const char* part :
       {"579728 parameters", "566273 parameters", "903008 parameters (+12736 moving)",
        "55233 parameters", "2305472 parameters (+25472 moving)", "212865 parameters",
        "54822144 parameters", "54793729 parameters", "cpu: oneDNN", "label_smoothing"})
    EXPECT_TRUE(has(outcome.out, part)) << part;
}

TEST_F(Commands, TrainWritesTheRunFolder) {
  const Outcome outcome = run_program(train("run", {"--epochs", "2"}, "dcgan"));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_FALSE(has(outcome.out, "\r")) << "a bar where there is no terminal";
  for (const char* name :
       {"config.json", "real_samples.png", "images/epoch_0001.png", "images/epoch_0002.png",
        "training.gif", "losses.png", "checkpoints/epoch_0001.safetensors",
        "checkpoints/epoch_0002.safetensors"})
    EXPECT_TRUE(fs::is_regular_file(folder.path("run/") + name)) << name;
  std::istringstream log(read_file(folder.path("run/log.jsonl")));
  int steps = 0, epochs = 0;
  for (std::string line; std::getline(log, line);) {
    const auto record = nlohmann::json::parse(line);
    EXPECT_GT(record.at("loss_generator").get<double>(), 0);
    EXPECT_GT(record.at("loss_discriminator").get<double>(), 0);
    if (record.contains("step")) {
      EXPECT_EQ(record.at("step"), ++steps);
      EXPECT_EQ(record.at("epoch"), (steps - 1) / 3 + 1);
      EXPECT_GT(record.at("images_per_s").get<double>(), 0);
    } else {
      EXPECT_EQ(record.at("epoch"), ++epochs);
      EXPECT_EQ(record.at("grid"), "images/epoch_000" + std::to_string(epochs) + ".png");
      EXPECT_GT(record.at("epoch_s").get<double>(), 0);
    }
  }
  EXPECT_EQ(steps, 6);
  EXPECT_EQ(epochs, 2);
}

TEST_F(Commands, ConfigReproducesARun) {
  const std::string first = finished_run("first");
  const Outcome outcome = run_program(
      {"train", "--config", folder.path("first/config.json"), "--out", folder.path("second")});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(read_file(folder.path("first/config.json")),
            read_file(folder.path("second/config.json")));
  const SafetensorsFile a(first), b(checkpoint("second", "epoch_0001"));
  ASSERT_EQ(a.entries().size(), b.entries().size());
  for (const auto& [name, entry] : a.entries()) EXPECT_EQ(a.f32(name), b.f32(name)) << name;
}

TEST_F(Commands, TheLastOfAnOptionsValuesCountsAndEverySetDoes) {
  const Outcome outcome = run_program(
      train("run", {"--steps", "1", "--seed", "3", "--seed", "4", "--set", "latent=7"}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto config = nlohmann::json::parse(read_file(folder.path("run/config.json")));
  EXPECT_EQ(config.at("seed"), 4);
  EXPECT_EQ(config.at("latent"), 7);
  EXPECT_EQ(config.at("width"), 0.0625);
}

TEST_F(Commands, ClassesWithoutImagesAreWarnedOf) {
  const auto said = [&](const std::string& out, const std::string& classes) {
    const Outcome outcome = run_program(train(out, {"--steps", "1", "--set", classes}));
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.err;
  };
  EXPECT_NE(said("twelve", "classes=12").find("labels up to 9 only"), std::string::npos);
  EXPECT_EQ(said("ten", "classes=10").find("labels up to"), std::string::npos);
}

TEST_F(Commands, WhatIsGivenDecidesHowLongARunIs) {
  const auto last_step = [&](const std::string& out) {
    std::istringstream log(read_file(folder.path(out + "/log.jsonl")));
    int step = 0;
    for (std::string line; std::getline(log, line);)
      step = nlohmann::json::parse(line).value("step", step);
    return step;
  };
  ASSERT_EQ(run_program(train("run", {"--steps", "4"})).status, 0);
  EXPECT_EQ(last_step("run"), 4);
  const auto resume = [&](const std::string& from, const std::vector<std::string>& more) {
    std::vector<std::string> all = {"train", "--resume", checkpoint("run", from)};
    all.insert(all.end(), more.begin(), more.end());
    const Outcome outcome = run_program(all);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
  };
  resume("step_00000004", {"--epochs", "3"});
  EXPECT_EQ(last_step("run"), 9);
  EXPECT_EQ(nlohmann::json::parse(read_file(folder.path("run/config.json"))).at("steps"), 0);
  resume("epoch_0003", {"--steps", "10"});
  EXPECT_EQ(last_step("run"), 10);
  resume("step_00000010", {"--set", "epochs=4"});
  EXPECT_EQ(last_step("run"), 12);
  ASSERT_EQ(run_program(train("ten", {"--steps", "10"})).status, 0);
  const Outcome again = run_program({"train", "--config", folder.path("ten/config.json"), "--out",
                                     folder.path("again"), "--epochs", "1"});
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(last_step("again"), 3);
}

TEST_F(Commands, TheEnvironmentNamesTheData) {
  std::vector<std::string> arguments = train("run", {"--steps", "1"});
  const auto at = std::find(arguments.begin(), arguments.end(), "--data");
  arguments.erase(at, at + 2);
  EXPECT_EQ(run_program(arguments, {.environment = {"DCGAN_DATA=" + data}}).status, 0);
  EXPECT_TRUE(has(read_file(folder.path("run/log.jsonl")), "\"step\":1"));
}

TEST_F(Commands, SampleDrawsGridsSingleImagesAndArrays) {
  const std::string file = finished_run();
  const auto sample = [&](const std::string& name, std::vector<std::string> more) {
    more.insert(more.begin(), {"sample", "--checkpoint", file, "--out", folder.path(name)});
    const Outcome outcome = run_program(more);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
  };
  sample("grid.png", {"--grid", "2x3"});
  const Image grid = read_image(folder.path("grid.png"));
  EXPECT_GT(grid.width, 3 * 84);
  EXPECT_LT(grid.width, 4 * 84);
  EXPECT_GT(grid.height, 2 * 84);
  EXPECT_LT(grid.height, 3 * 84);

  sample("one.png", {"--count", "1", "--seed", "5"});
  const Image one = read_image(folder.path("one.png"));
  EXPECT_EQ(one.width, 28);
  EXPECT_EQ(one.height, 28);

  sample("some.npy", {"--count", "5", "--seed", "5"});
  const std::string npy = read_file(folder.path("some.npy"));
  ASSERT_EQ(npy.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  const std::size_t header = 10 + static_cast<unsigned char>(npy[8]) +
                             256 * static_cast<std::size_t>(static_cast<unsigned char>(npy[9]));
  EXPECT_EQ(header % 64, 0U);
  EXPECT_TRUE(has(npy.substr(0, header), "'shape': (5, 28, 28, 1")) << npy.substr(0, header);
  ASSERT_EQ(npy.size(), header + 5 * 28 * 28 * sizeof(float));
  // The array's first image is the single one.
  std::vector<float> values(28 * 28);
  std::memcpy(values.data(), npy.data() + header, values.size() * sizeof(float));
  for (std::size_t i = 0; i < values.size(); ++i)
    ASSERT_NEAR(one.pixels[i], values[i] * 127.5F + 127.5F, 0.51F) << i;

  sample("threads.npy", {"--count", "5", "--seed", "5", "--threads", "3", "--backend", "cpu"});
  EXPECT_EQ(read_file(folder.path("threads.npy")), npy);
  sample("other.npy", {"--count", "5", "--seed", "6"});
  EXPECT_NE(read_file(folder.path("other.npy")), npy);
}

TEST_F(Commands, InfoDescribesACheckpoint) {
  const Outcome outcome = run_program({"info", finished_run()});
  EXPECT_EQ(outcome.status, 0);
  for (const char* part : {"Vanilla GAN, step 3", "epoch 1", "generator.dense1.kernel", "width"})
    EXPECT_TRUE(has(outcome.out, part)) << part;
}

TEST_F(Commands, KernelsCountsAStep) {
  for (const BackendStatus& b : backend_statuses())
    if (b.name == "simt-check" && !b.why_unavailable.empty()) GTEST_SKIP() << b.why_unavailable;
  const Outcome outcome = run_program({"kernels", "--preset", "vanilla", "--op", "dense",
                                       "--batch-size", "4", "--blocks", "2", "--json",
                                       folder.path("k.json"), "--html", folder.path("k.html")});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  for (const char* part : {"dense 4x100->128 forward: 0.1 MFLOP", "dense_backward_weights",
                           "load shared 128", "2 sampled and scaled"})
    EXPECT_TRUE(has(outcome.out, part)) << part;
  const auto profile = nlohmann::json::parse(read_file(folder.path("k.json")));
  EXPECT_EQ(profile["ops"][0]["op"], "dense");
  EXPECT_EQ(profile["ops"][0]["flops"], 2 * 4 * 100 * 128);
  const std::string page = read_file(folder.path("k.html"));
  EXPECT_TRUE(has(page, "<svg") && has(page, "dense 4x100-&gt;128 forward") &&
              has(page, "</html>"));
  EXPECT_FALSE(has(page, "http")) << "a page that is not self-contained";
}

TEST_F(Commands, TheMainJobTrainsBothAndComparesThem) {
  const std::vector<std::string> job = {
      "--out", folder.path("job"), "--data",    data, "--steps",   "2",  "--batch-size", "8",
      "--set", "width=0.0625",     "--threads", "2",  "--backend", "cpu"};
  const Outcome outcome = run_program(job);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  for (const char* name : {"vanilla/losses.png", "dcgan/training.gif", "comparison.html"})
    EXPECT_TRUE(fs::is_regular_file(folder.path("job/") + name)) << name;
  const std::string page = read_file(folder.path("job/comparison.html"));
  EXPECT_TRUE(has(page, "Vanilla GAN") && has(page, "DCGAN"));
  expect_refused(job, 1, {folder.path("job"), "--out"});
}

TEST_F(Commands, Vanilla64TrainsOnAFolderOfPictures) {
  fs::create_directory(folder.path("pictures"));
  for (int i = 0; i < 6; ++i) {
    Image picture{20 + 9 * i, 30, 3, {}};
    for (int k = 0; k < picture.width * picture.height * 3; ++k)
      picture.pixels.push_back(static_cast<std::uint8_t>(k * (i + 3)));
    write_png(folder.path("pictures/" + std::to_string(i) + ".png"), picture);
  }
  folder.write("pictures/broken.jpg", "nothing");
  const Outcome outcome =
      run_program({"train", "--preset", "vanilla-64", "--data", folder.path("pictures"), "--out",
                   folder.path("run"), "--steps", "2", "--batch-size", "4", "--set", "width=0.02"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(has(outcome.err, "skipped") && has(outcome.err, "broken.jpg")) << outcome.err;
  EXPECT_TRUE(has(outcome.out, "6 images"));
  EXPECT_EQ(read_image(folder.path("run/images/epoch_0001.png")).channels, 3);
}

}  // namespace
}  // namespace dcgan::test
