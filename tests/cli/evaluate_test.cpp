// Pictures, wherever they come from, beside the test images; and what cannot be judged.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "cli/small_run.h"
#include "image/image.h"
#include "io/npy.h"

namespace dcgan::test {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t picture = 28 * 28;

class Evaluate : public SmallRun {
 protected:
  Evaluate() {
    // Other images than those of the training, which begin at pixel 0.
    const std::string images = idx_images(50, 28, 28);
    folder.write("data/t10k-images-idx3-ubyte",
                 idx(0x0803, {30, 28, 28}, images.substr(16 + 20 * picture)));
    folder.write("data/t10k-labels-idx1-ubyte", idx_labels(30));
  }

  /// A judge that has hardly been trained.
  std::string judge() {
    if (judge_.empty()) judge_ = finished_run("judged", "judge");
    return judge_;
  }

  /// evaluate's arguments, with the judge and the data.
  std::vector<std::string> arguments(const std::vector<std::string>& more) {
    std::vector<std::string> all = {"evaluate", "--judge", judge(), "--backend", "cpu"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  /// The JSON that evaluate writes.
  nlohmann::json evaluated(std::vector<std::string> more) {
    more.insert(more.end(), {"--json", folder.path("out.json")});
    const Outcome outcome = run_program(arguments(more));
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    table_ = outcome.out;
    return nlohmann::json::parse(read_file(folder.path("out.json")));
  }
  void write_array(const std::string& name, const std::vector<std::int64_t>& shape,
                   const std::vector<float>& values) const {
    NpyWriter file(folder.path(name), shape);
    file.write(values);
    file.finish();
  }
  /// As numpy.save writes uint8.
  void write_bytes(const std::string& name, const std::string& shape, const std::string& bytes) {
    std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': " + shape + ", }";
    header.resize(117, ' ');
    folder.write(name, std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + "\n" + bytes);
  }
  void sample(const std::string& checkpoint, const std::string& out) {
    const Outcome outcome =
        run_program({"sample", "--checkpoint", checkpoint, "--out", folder.path(out), "--count",
                     "12", "--seed", "3", "--backend", "cpu"});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
  }

  std::string table_;

 private:
  std::string judge_;
};

TEST_F(Evaluate, PicturesAreTheSameWhereverTheyComeFrom) {
  const std::string checkpoint = finished_run("run", "dcgan");
  const auto drawn = evaluated({"--checkpoint", checkpoint, "--count", "12", "--seed", "3"});
  EXPECT_EQ(drawn.at("generated").at("count"), 12);
  EXPECT_EQ(drawn.at("real_beside_real").at("count"), 12);
  EXPECT_EQ(drawn.at("test_images"), 30);
  EXPECT_NE(table_.find("beside the 30 test images of"), std::string::npos) << table_;
  EXPECT_NE(table_.find("Frechet distance"), std::string::npos) << table_;
  EXPECT_GT(drawn.at("generated").at("frechet_distance"), 0);

  // A run's folder, its data by themselves, another number of threads.
  const auto of_folder = evaluated(
      {"--checkpoint", folder.path("run"), "--count", "12", "--seed", "3", "--threads", "1"});
  EXPECT_EQ(of_folder, drawn);
  const auto others = evaluated({"--checkpoint", checkpoint, "--count", "12", "--seed", "4"});
  EXPECT_NE(others.at("generated"), drawn.at("generated"));

  sample(checkpoint, "x.npy");
  sample(checkpoint, "pictures/");
  std::string bytes;
  for (const auto& file : list_files(folder.path("pictures")))
    for (const std::uint8_t pixel :
         read_image(folder.path("pictures/" + file.substr(0, file.find(' ')))).pixels)
      bytes += static_cast<char>(pixel);
  write_bytes("bytes.npy", "(12, 28, 28)", bytes);
  for (const char* name : {"x.npy", "pictures", "bytes.npy"}) {
    const auto read = evaluated({"--samples", folder.path(name), "--data", data});
    EXPECT_EQ(read.at("generated"), drawn.at("generated")) << name;
    EXPECT_EQ(read.at("real_beside_real"), drawn.at("real_beside_real")) << name;
  }
}

TEST_F(Evaluate, TheTestImagesThemselvesArePerfect) {
  const std::string file = read_file(data + "/t10k-images-idx3-ubyte");
  write_bytes("x.npy", "(30, 28, 28, 1)", file.substr(16));
  const auto json = evaluated({"--samples", folder.path("x.npy"), "--data", data});
  const auto& generated = json.at("generated");
  EXPECT_NEAR(generated.at("frechet_distance"), 0, 1e-6);
  for (const char* figure : {"precision", "recall", "coverage"})
    EXPECT_EQ(generated.at(figure), 1) << figure;
  EXPECT_LT(json.at("real_beside_real").at("coverage"), 1);
  // No more training images than samples, and of these no more than there are.
  EXPECT_EQ(json.at("real_beside_real").at("count"), 20);
  const auto some = evaluated({"--samples", folder.path("x.npy"), "--data", data, "--count", "9"});
  EXPECT_EQ(some.at("generated").at("count"), 9);
  EXPECT_EQ(some.at("real_beside_real").at("count"), 9);
}

TEST_F(Evaluate, SheetsAreDrawnWhereTheyAreAskedFor) {
  const std::string file = read_file(data + "/t10k-images-idx3-ubyte");
  write_bytes("x.npy", "(30, 28, 28)", file.substr(16));
  const std::vector<std::string> samples = {"--samples", folder.path("x.npy"), "--data", data};
  const auto without = evaluated(samples);
  EXPECT_FALSE(without.contains("nearest_training_picture"));
  EXPECT_EQ(table_.find("nearest"), std::string::npos) << table_;

  const auto with_sheets = [&](const std::string& name, std::vector<std::string> more) {
    more.insert(more.end(), {"--sheets", folder.path(name)});
    return evaluated(more);
  };
  auto json = with_sheets("new/sheets/", samples);  // with its parent
  const nlohmann::json nearest = json.at("nearest_training_picture");
  EXPECT_GT(nearest.at("samples"), 0);
  EXPECT_EQ(nearest.at("samples"), nearest.at("test_images"));  // which these samples are
  EXPECT_NE(table_.find("nearest training picture, by pixels: "), std::string::npos) << table_;
  json.erase("nearest_training_picture");
  EXPECT_EQ(json, without);
  ASSERT_EQ(list_files(folder.path("new/sheets")).size(), 2U);
  const Image classes = read_image(folder.path("new/sheets/classes.png"));
  const Image neighbours = read_image(folder.path("new/sheets/neighbours.png"));
  EXPECT_GT(classes.width, 10 * 84);
  EXPECT_GT(classes.height, 10 * 84);
  EXPECT_GT(neighbours.width, 6 * 84);

  auto one_thread = samples;
  one_thread.insert(one_thread.end(), {"--threads", "1"});
  with_sheets("alone", one_thread);
  for (const char* name : {"classes.png", "neighbours.png"})
    EXPECT_EQ(read_file(folder.path(std::string("alone/") + name)),
              read_file(folder.path(std::string("new/sheets/") + name)));
}

TEST_F(Evaluate, SamplesThatAreCopiesHaveNoDistance) {
  write_bytes("x.npy", "(20, 28, 28)", idx_images(20, 28, 28).substr(16));
  const auto nearest = evaluated({"--samples", folder.path("x.npy"), "--data", data, "--sheets",
                                  folder.path("sheets")})
                           .at("nearest_training_picture");
  EXPECT_EQ(nearest.at("samples"), 0);
  EXPECT_GT(nearest.at("test_images"), 0);
}

TEST_F(Evaluate, SheetsThatCannotBeWrittenAreNamed) {
  write_array("x.npy", {6, 28, 28}, std::vector<float>(6 * picture, -1));
  const auto to = [&](const std::string& name) {
    return arguments(
        {"--samples", folder.path("x.npy"), "--data", data, "--sheets", folder.path(name)});
  };
  // Before pictures are drawn and judged: no table is printed.
  folder.write("file", "");
  expect_refused(to("file"), 1, {folder.path("file"), "a file has its name"});
  EXPECT_EQ(run_program(to("file")).out, "");
  fs::create_directories(folder.path("taken/neighbours.png"));
  const auto named = [&](const std::string& path, const Surroundings& around) {
    const Outcome outcome = run_program(to(path.substr(0, path.find('/'))), around);
    EXPECT_EQ(outcome.status, 1);
    EXPECT_NE(outcome.err.find(folder.path(path)), std::string::npos) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  };
  named("taken/neighbours.png", {});
  named("full/classes.png", {.largest_file_bytes = 1000});
  EXPECT_TRUE(list_files(folder.path("full")).empty());
}

TEST_F(Evaluate, WhatDoesNotFitTogetherIsWrongUsage) {
  const std::string x = folder.path("x.npy");
  expect_refused({"evaluate"}, 2, {"--checkpoint", "--samples"});
  expect_refused({"evaluate", "--checkpoint", x, "--samples", x}, 2, {"--samples", "--checkpoint"});
  expect_refused({"evaluate", "--samples", x, "--seed", "2"}, 2, {"--seed", "--samples"});
  expect_refused({"evaluate", "--samples", x, "--count", "5"}, 2, {"--count 5", "6 to 100000"});
  expect_refused({"evaluate", "--samples", x, "--count", "100001"}, 2, {"--count 100001"});
  expect_refused({"evaluate", "--samples", x, "--backend", "tpu"}, 2, {"tpu"});
}

TEST_F(Evaluate, WhatCannotBeJudgedIsNamed) {
  const auto refused = [&](const std::string& name, const std::vector<std::string>& parts,
                           const std::vector<std::string>& more = {}) {
    std::vector<std::string> all = {"--samples", folder.path(name), "--data", data};
    all.insert(all.end(), more.begin(), more.end());
    std::vector<std::string> named = {name};
    named.insert(named.end(), parts.begin(), parts.end());
    expect_refused(arguments(all), 1, named);
  };
  refused("none.npy", {"cannot be read"});
  std::vector<float> values(10 * picture, -1);
  const auto array = [&](float level) {
    values[7 * picture + 1] = level;
    write_array("x.npy", {10, 28, 28}, values);
  };
  array(std::numeric_limits<float>::quiet_NaN());
  refused("x.npy", {"picture 8 ", "no finite number"});
  array(std::numeric_limits<float>::infinity());
  refused("x.npy", {"picture 8 ", "no finite number"});
  array(-255);
  refused("x.npy", {"picture 8 ", "-255", "[-1, 1]", "uint8"});
  array(-1);
  refused("x.npy", {"10 pictures, fewer than --count 11"}, {"--count", "11"});
  write_array("pale.npy", {10, 28, 28}, std::vector<float>(10 * picture, 0));
  refused("pale.npy", {"no value is below 0", "2 x - 1"});
  write_array("few.npy", {5, 28, 28}, std::vector<float>(5 * picture, -1));
  refused("few.npy", {"5 pictures; expected 6 or more"});
  for (const std::vector<std::int64_t>& shape :
       {std::vector<std::int64_t>{10, 784}, {784, 10}, {5, 28, 56}, {5, 56, 28}, {2, 28, 28, 5}}) {
    write_array("shape.npy", shape, values);
    refused("shape.npy", {"of shape [", "28x28 in grey", "[N, 28, 28, 1]"});
  }
  fs::create_directory(folder.path("pictures"));
  refused("pictures", {"0 pictures"});
  for (int i = 0; i < 6; ++i)
    write_png(folder.path("pictures/" + std::to_string(i) + ".png"),
              {28, 28, 1, std::vector<std::uint8_t>(picture)});
  write_png(folder.path("pictures/5.png"), {28, 32, 1, std::vector<std::uint8_t>(28 * 32)});
  refused("pictures", {"5.png", "28x32", "28x28 in grey"});
  std::vector<std::uint8_t> coloured(3 * picture);
  write_png(folder.path("pictures/5.png"), {28, 28, 3, coloured});
  evaluated({"--samples", folder.path("pictures"), "--data", data});
  coloured.back() = 1;
  write_png(folder.path("pictures/5.png"), {28, 28, 3, coloured});
  refused("pictures", {"5.png", "in colour"});
}

TEST_F(Evaluate, OtherCheckpointsAndDataAreRefused) {
  write_array("x.npy", {6, 28, 28}, std::vector<float>(6 * picture, -1));
  const std::string x = folder.path("x.npy"), gan = finished_run();
  expect_refused({"evaluate", "--samples", x, "--data", data, "--judge", gan}, 1,
                 {gan, "no classifier"});
  expect_refused(arguments({"--checkpoint", judge()}), 1, {"judge", "classifier"});
  const std::string coloured = finished_run("coloured", "dcgan-32");
  expect_refused(arguments({"--checkpoint", coloured, "--data", data}), 1,
                 {coloured, "32x32x3", "28x28 in grey"});
  expect_refused(arguments({"--samples", x, "--data", folder.path("none")}), 1, {"--data"});
  fs::create_directory(folder.path("other"));
  folder.write("other/train-images-idx3-ubyte", idx_images(9, 28, 28));
  expect_refused(arguments({"--samples", x, "--data", folder.path("other")}), 1,
                 {"t10k-images-idx3-ubyte"});
  folder.write("other/t10k-images-idx3-ubyte", idx_images(9, 8, 28));
  expect_refused(arguments({"--samples", x, "--data", folder.path("other")}), 1,
                 {"8x28x1", "28x28x1", "--data"});
  const Outcome outcome = run_program(
      arguments({"--samples", x, "--data", data, "--json", folder.path("none/x.json")}));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("none/x.json"), std::string::npos) << outcome.err;
}

// A run's evaluation is that of `evaluate` with the noise that the seed stands for.
TEST_F(Evaluate, InTrainingHasTheSameFigures) {
  const Outcome outcome =
      run_program(train("run", {"--epochs", "3", "--evaluate-every", "2", "--seed", "5"}, "dcgan"));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  std::map<int, nlohmann::json> found;  // by epoch
  std::istringstream log(read_file(folder.path("run/log.jsonl")));
  for (std::string line; std::getline(log, line);) {
    const auto record = nlohmann::json::parse(line);
    if (record.contains("evaluation")) found[record.at("epoch")] = record.at("evaluation");
  }
  ASSERT_EQ(found.size(), 2U);  // every second epoch, and the last
  constexpr std::uint64_t offset = 0xD1B54A32D192ED03u;
  for (const auto& [epoch, figures] : found) {
    const std::string checkpoint = this->checkpoint("run", "epoch_000" + std::to_string(epoch));
    const Outcome alone = run_program({"evaluate", "--checkpoint", checkpoint, "--count", "30",
                                       "--seed", std::to_string(5 ^ offset), "--backend", "cpu",
                                       "--json", folder.path("out.json")});
    ASSERT_EQ(alone.status, 0) << alone.err;
    auto generated = nlohmann::json::parse(read_file(folder.path("out.json"))).at("generated");
    generated.erase("count");
    generated.erase("class_shares");
    EXPECT_EQ(generated, figures) << "epoch " << epoch;
  }
  EXPECT_TRUE(fs::is_regular_file(folder.path("run/evaluation.png")));
  char distance[32];
  std::snprintf(distance, sizeof distance, "Frechet %.2f",
                found.at(3).at("frechet_distance").get<double>());
  EXPECT_NE(outcome.out.find(distance), std::string::npos) << outcome.out;
}

TEST_F(Evaluate, AResumedRunRemembersItsDistances) {
  const std::vector<std::string> every = {"--evaluate-every", "1", "--set", "keep=1", "--epochs"};
  const auto with = [&](const std::string& epochs) {
    std::vector<std::string> all = every;
    all.push_back(epochs);
    return all;
  };
  ASSERT_EQ(run_program(train("whole", with("4"), "dcgan")).status, 0);
  ASSERT_EQ(run_program(train("parts", with("2"), "dcgan")).status, 0);
  const Outcome outcome =
      run_program({"train", "--resume", folder.path("parts"), "--epochs", "4", "--backend", "cpu"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  // The newest checkpoint and that of the least distance; the plot has the epochs before, too.
  const auto names = [&](const std::string& run) {  // their sizes depend on the digits of seconds
    std::set<std::string> all;
    for (const auto& file : fs::directory_iterator(folder.path(run + "/checkpoints")))
      all.insert(file.path().filename());
    return all;
  };
  EXPECT_EQ(names("parts"), names("whole"));
  EXPECT_EQ(read_file(folder.path("parts/evaluation.png")),
            read_file(folder.path("whole/evaluation.png")));
}

TEST_F(Evaluate, InTrainingWhatCannotBeJudgedIsRefusedBeforeAnythingIsWritten) {
  const auto refused = [&](const std::string& preset, const std::string& place, int status,
                           const std::vector<std::string>& parts) {
    expect_refused({"train", "--preset", preset, "--data", place, "--out", folder.path("none"),
                    "--evaluate-every", "1", "--backend", "cpu", "--set", "width=0.0625", "--set",
                    preset == "dcgan-32" ? "channels=1" : "channels=0"},
                   status, parts);
    EXPECT_FALSE(fs::exists(folder.path("none/log.jsonl")));
  };
  refused("classifier", data, 2, {"evaluate_every=1", "'classifier' makes no pictures"});
  refused("dcgan-32", data, 2, {"evaluate_every=1", "'dcgan-32'", "28x28"});
  fs::remove(data + "/t10k-images-idx3-ubyte");
  refused("dcgan", data, 1, {"t10k-images-idx3-ubyte"});
}

}  // namespace
}  // namespace dcgan::test
