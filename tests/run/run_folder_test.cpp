// The files of a run folder: what a resumed run keeps of the log, and what the pictures show.
#include "run/run_folder.h"

#include <gtest/gtest.h>

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "dcgan/error.h"
#include "gif/gif.h"
#include "io/atomic_file.h"
#include "plot/figure.h"
#include "plot/predictions.h"
#include "sanitized.h"
#include "temporary_folder.h"
#include "train/pictures.h"

namespace dcgan::test {
namespace {

class Folder : public testing::Test {
 protected:
  std::string run(const std::string& name) const { return folder_.path(name); }
  static void expect_same(const std::string& png, const Image& expected) {
    const Image got = read_image(png);
    EXPECT_EQ(got.width, expected.width);
    EXPECT_EQ(got.height, expected.height);
    EXPECT_EQ(got.channels, expected.channels);
    EXPECT_TRUE(got.pixels == expected.pixels) << png;
  }
  const TemporaryFolder folder_;
};

TEST_F(Folder, IsCreatedWithALogThatReplacesAnOlderOne) {
  std::filesystem::create_directory(run("run"));
  folder_.write("run/log.jsonl", "old\n");
  for (const char* name : {"losses.png", "training.gif"})
    folder_.write("run/" + std::string(name), "old");
  const RunFolder folder(run("run"), "", {});
  for (const char* name : {"losses.png", "training.gif"})
    EXPECT_FALSE(std::filesystem::exists(folder.path(name))) << name;
  EXPECT_EQ(read_file(folder.path("log.jsonl")), "");
  for (const char* name : {"images", "checkpoints"})
    EXPECT_TRUE(std::filesystem::is_directory(folder.path(name))) << name;
}

TEST_F(Folder, NamesPicturesAndCheckpoints) {
  const RunFolder folder(run("run"), "", {});
  EXPECT_EQ(folder.grid_path(12), run("run/images/epoch_0012.png"));
  TrainingState state;
  state.step = 123;
  state.steps_in_epoch = 1;
  state.history.resize(7);
  EXPECT_EQ(folder.checkpoint_path(state), run("run/checkpoints/step_00000123.safetensors"));
  state.steps_in_epoch = 0;
  EXPECT_EQ(folder.checkpoint_path(state), run("run/checkpoints/epoch_0007.safetensors"));
}

// State: step 4, one epoch done.
TEST_F(Folder, KeepsTheLinesOfALogUpToTheState) {
  RunFolder(run("old"), "", {});
  const std::string kept =
      "{\"step\": 1, \"epoch\": 1}\n{\"epoch\": 1}\n{\"step\": 4, \"epoch\": 2}\n"
      "{\"epoch\": 1, \"step\": \"of no number\"}\n{\"resumed\": 3, \"epoch\": 2}\n"
      "{\"resumed\": \"of no number\", \"epoch\": 1}\n";
  folder_.write("old/log.jsonl", kept + "{\"step\": 5, \"epoch\": 2}\n{\"epoch\": 2}\n" +
                                     "{\"resumed\": 4, \"epoch\": 1}\n" +
                                     "no JSON\n[1]\n7\n{\"step\": 1}\n{\"epoch\": \"one\"}\n" +
                                     "{\"step\": 1, \"epoch\": null}\n" + std::string(65535, 'x') +
                                     "{\"epoch\": 1}\n" + "{\"epoch\": 1, \"step");
  TrainingState state;
  state.step = 4;
  state.steps_in_epoch = 1;
  state.history.resize(1);
  const RunFolder elsewhere(run("new"), run("old/checkpoints/step_00000004.safetensors"), state);
  EXPECT_EQ(read_file(elsewhere.path("log.jsonl")), kept);
  const RunFolder again(run("old"), run("old/checkpoints/step_00000004.safetensors"), state);
  EXPECT_EQ(read_file(again.path("log.jsonl")), kept);
  // A checkpoint on its own has no log.
  const RunFolder alone(run("alone"), run("nowhere/checkpoints/x"), state);
  EXPECT_EQ(read_file(alone.path("log.jsonl")), "");
}

TEST_F(Folder, RefusesALogWhoseStepsAreNotWhole) {
  RunFolder(run("old"), "", {});
  TrainingState state;
  state.step = 20;
  for (const std::string step : {"1e300", "16.9", "-1e300", "9223372036854775808"})
    for (const std::string& line :
         {"{\"step\":" + step + ",\"epoch\":1}", "{\"epoch\":" + step + "}"}) {
      folder_.write("old/log.jsonl", "{\"step\":1,\"epoch\":1}\n" + line + "\n");
      try {
        RunFolder(run("old"), run("old/checkpoints/x"), state);
        ADD_FAILURE() << line << " was taken";
      } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("log.jsonl: line 2: "), std::string::npos);
        EXPECT_NE(std::string(error.what()).find("must be a whole number"), std::string::npos);
      }
      EXPECT_NE(read_file(run("old/log.jsonl")).find(line), std::string::npos);
    }
}

// 256 MB of a hole and 64 MB of lines, in a process that may take no more than 48 MB.
TEST_F(Folder, SaysThatTheLogCannotBeWritten) {
  RunFolder folder(run("full"), "", {});
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{1, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  std::string said;
  try {
    folder.log(StepResult{}, {"loss_generator", "loss_discriminator"});
  } catch (const Error& e) {
    said = e.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(said, folder.path("log.jsonl") +
                      ": cannot be written: File too large; raise the limit " +
                      "on the size of files (ulimit -f)");
}

TEST_F(Folder, ReadsALongLogInLittleMemory) {
  if (sanitized) GTEST_SKIP() << "sanitizers reserve memory";
  RunFolder(run("old"), "", {});
  const std::string line = "{\"step\":1,\"epoch\":1" + std::string(1000, ' ') + "}\n";
  std::string lines;
  for (int i = 0; i < 64; ++i) lines += line;
  {
    std::ofstream log(run("old/log.jsonl"));
    for (int i = 0; i < 1000; ++i) log << lines;
  }
  const std::uintmax_t kept = std::filesystem::file_size(run("old/log.jsonl"));
  std::filesystem::resize_file(run("old/log.jsonl"), kept + (std::uintmax_t{1} << 28));
  std::ofstream(run("old/log.jsonl"), std::ios::app) << "\n"
                                                     << std::string(70'000, '[') << "\n"
                                                     << line;
  TrainingState state;
  state.step = 1;
  const auto read_it = [&] {
    long pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const auto bytes = static_cast<rlim_t>(pages) * 4096 + (48 << 20);
    const rlimit limit{bytes, bytes};
    setrlimit(RLIMIT_AS, &limit);
    RunFolder(run("new"), run("old/checkpoints/x"), state);
    std::_Exit(0);
  };
  EXPECT_EXIT(read_it(), testing::ExitedWithCode(0), "");
  EXPECT_EQ(std::filesystem::file_size(run("new/log.jsonl")), kept + line.size());
}

TEST_F(Folder, CopiesTheGridsOfFinishedEpochs) {
  RunFolder old(run("old"), "", {});
  for (const char* name : {"1", "2", "3"})
    folder_.write("old/images/epoch_000" + std::string(name) + ".png", name);
  TrainingState state;
  state.history.resize(2);
  RunFolder(run("new"), "", {});
  folder_.write("new/images/epoch_0001.png", "of an older run");
  const RunFolder folder(run("new"), run("old/checkpoints/epoch_0002.safetensors"), state);
  EXPECT_EQ(read_file(folder.grid_path(1)), "1");
  EXPECT_EQ(read_file(folder.grid_path(2)), "2");
  EXPECT_FALSE(std::filesystem::exists(folder.grid_path(3)));
}

// Of a run that went further, and is not gone on with.
TEST_F(Folder, RemovesTheGridsOfLaterEpochsAndNothingElse) {
  RunFolder(run("run"), "", {});
  for (const char* name : {"epoch_0001.png", "epoch_0002.png", "epoch_0003.png", "epoch_12345.png",
                           "epoch_4.png", "holiday.png"})
    folder_.write("run/images/" + std::string(name), name);
  TrainingState state;
  state.history.resize(2);
  RunFolder(run("run"), run("run/checkpoints/epoch_0002.safetensors"), state);
  std::set<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(run("run/images")))
    left.insert(entry.path().filename());
  EXPECT_EQ(left, (std::set<std::string>{"epoch_0001.png", "epoch_0002.png", "epoch_4.png",
                                         "holiday.png"}));
}

TEST_F(Folder, AnimatesTheGridsOfTheNewestsSize) {
  RunFolder folder(run("run"), "", {});
  const auto grid = [&](std::int64_t epoch, int width, int height, int channels) {
    const auto bytes = static_cast<std::size_t>(width) * height * channels;
    Image image{width, height, channels, std::vector<std::uint8_t>(bytes, 50)};
    write_png(folder.grid_path(epoch), image);
    return image;
  };
  const Image first = grid(1, 8, 8, 1);
  grid(2, 8, 9, 1);
  grid(3, 9, 8, 1);
  grid(4, 8, 8, 3);
  const Image last = grid(5, 8, 8, 1);
  folder.write_gif(5);
  write_gif(folder.path("expected.gif"), {first, last}, 500);
  EXPECT_TRUE(read_file(folder.path("training.gif")) == read_file(folder.path("expected.gif")));
}

// At the cost of one frame, unless it is not what this has written.
TEST_F(Folder, ExtendsTheAnimationOrMakesItAnew) {
  RunFolder folder(run("run"), "", {});
  const std::string gif = folder.path("training.gif"), link = run("link");
  std::vector<Image> frames;
  const auto extend = [&](std::int64_t epoch) {
    Image frame{8, 8, 1, std::vector<std::uint8_t>(64, static_cast<std::uint8_t>(40 * epoch))};
    write_png(folder.grid_path(epoch), frame);
    frames.push_back(frame);
    folder.extend_gif(epoch);
    write_gif(run("expected.gif"), frames, 500);
    EXPECT_TRUE(read_file(gif) == read_file(run("expected.gif"))) << epoch;
  };
  extend(1);
  std::filesystem::create_hard_link(gif, link);
  for (const std::int64_t epoch : {2, 3}) {
    // Older frames are not read again.
    std::filesystem::remove(folder.grid_path(epoch - 1));
    extend(epoch);
    EXPECT_TRUE(std::filesystem::equivalent(gif, link)) << "made anew";
  }
  for (const std::int64_t epoch : {1, 2}) write_png(folder.grid_path(epoch), frames[epoch - 1]);
  std::filesystem::remove(gif);
  extend(4);
  folder_.write("run/training.gif", "something else");
  extend(5);
}

TEST_F(Folder, LogsStepsAndEpochs) {
  RunFolder folder(run("run"), "", {});
  const std::vector<std::string> names = {"loss_generator", "loss_discriminator"};
  folder.log(StepResult{7, 2, 32, {0.5, 0.25}, 16, false}, names);
  folder.log(EpochRecord{2, {0.75, 0.125}, 3, {}}, names, run("run/images/x.png"));
  EXPECT_EQ(read_file(folder.path("log.jsonl")),
            "{\"step\":7,\"epoch\":2,\"loss_generator\":0.5,\"loss_discriminator\":0.25,"
            "\"step_ms\":16.0,\"images_per_s\":2000.0}\n"
            "{\"epoch\":2,\"loss_generator\":0.75,\"loss_discriminator\":0.125,\"epoch_s\":3.0,"
            "\"grid\":\"images/x.png\"}\n");
}

TEST_F(Folder, LogsATestOfTheEpochsEnd) {
  RunFolder folder(run("run"), "", {});
  const std::vector<std::string> names = {"loss", "accuracy"};
  folder.log(EpochRecord{2, {0.75, 0.5}, 3, Measures{1, 0.25}}, names, "");
  EXPECT_EQ(read_file(folder.path("log.jsonl")),
            "{\"epoch\":2,\"loss\":0.75,\"accuracy\":0.5,\"test_loss\":1.0,"
            "\"test_accuracy\":0.25,\"epoch_s\":3.0}\n");
}

TEST_F(Folder, HoldsTheSettings) {
  const RunFolder folder(run("run"), "", {});
  folder.write_config(preset_config("tf-tutorial"), {});
  EXPECT_EQ(read_file(folder.path("config.json")), to_json(preset_config("tf-tutorial")) + "\n");
}

/// Pictures of more rows than columns.
Dataset tall_pictures(std::int64_t count) { return pictures(count, {6, 4, 3}); }

ImageBatch batch_of(const Dataset& data, const std::vector<std::uint8_t>& pixels) {
  return {pixels, static_cast<int>(pixels.size() / data.image_bytes()), data.height, data.width,
          data.channels};
}

TEST_F(Folder, ShowsTheFirstTenPicturesWithoutLabels) {
  const RunFolder folder(run("run"), "", {});
  for (const std::int64_t count : {12, 3}) {
    const Dataset data = tall_pictures(count);
    folder.write_real_samples(data);
    const std::size_t shown = std::min<std::int64_t>(count, 10);
    const std::vector<std::uint8_t> pixels(data.image(0), data.image(0) + shown * 72);
    expect_same(
        folder.path("real_samples.png"),
        labelled_figure(batch_of(data, pixels), std::vector<std::string>(shown), "Real: test"));
  }
}

TEST_F(Folder, ShowsTheFirstPictureOfEachClass) {
  const RunFolder folder(run("run"), "", {});
  Dataset data = tall_pictures(5);
  data.label_names = {"shoe", "none", "bag"};
  data.labels = {2, 2, 0, 0, 2};
  folder.write_real_samples(data);
  std::vector<std::uint8_t> pixels(data.image(2), data.image(3));
  pixels.insert(pixels.end(), data.image(0), data.image(1));
  expect_same(folder.path("real_samples.png"),
              labelled_figure(batch_of(data, pixels), {"shoe", "bag"}, "Real: test"));
  // Names without labels name nothing.
  data.labels.clear();
  folder.write_real_samples(data);
  expect_same(
      folder.path("real_samples.png"),
      labelled_figure(batch_of(data, data.pixels), std::vector<std::string>(5), "Real: test"));
}

TEST_F(Folder, ShowsTenClassesAtMost) {
  const RunFolder folder(run("run"), "", {});
  Dataset data = tall_pictures(12);
  std::vector<std::string> captions;
  for (int i = 0; i < 12; ++i) {
    data.labels.push_back(static_cast<std::uint8_t>(i));
    data.label_names.push_back(std::to_string(i));
    if (i < 10) captions.push_back(data.label_names.back());
  }
  folder.write_real_samples(data);
  const std::vector<std::uint8_t> pixels(data.image(0), data.image(10));
  expect_same(folder.path("real_samples.png"),
              labelled_figure(batch_of(data, pixels), captions, "Real: test"));
}

TEST_F(Folder, ShowsSamplesAsAGridOfTheirEpoch) {
  const RunFolder folder(run("run"), "", {});
  const Dataset shape = tall_pictures(1);
  for (const int count : {16, 3}) {
    std::vector<float> samples;
    for (int i = 0; i < count * 72; ++i) samples.push_back(static_cast<float>(i % 255) / 127 - 1);
    const auto bytes = to_bytes(samples);
    folder.write_grid(3, batch_of(shape, bytes));
    expect_same(folder.grid_path(3), grid_figure(batch_of(shape, bytes), 4, 4, "Epoch 3"));
  }
}

TEST_F(Folder, PlotsBothLossesByEpoch) {
  const RunFolder folder(run("run"), "", {});
  folder.write_losses("dcgan",
                      {{1, {0.5, 1.5}, 9, {}}, {2, {0.75, 1.25}, 9, {}}, {3, {1, 1}, 9, {}}});
  expect_same(folder.path("losses.png"),
              plot_figure({{"Generator", {1, 2, 3}, {0.5, 0.75, 1}},
                           {"Discriminator", {1, 2, 3}, {1.5, 1.25, 1}}},
                          {"DCGAN: mean loss per epoch", "Epoch", "Loss"}));
}

TEST_F(Folder, PlotsLossAndAccuracyOfAClassifier) {
  const RunFolder folder(run("run"), "", {});
  folder.write_losses("classifier", {{1, {0.5, 0.75}, 9, Measures{0.6, 0.7}},
                                     {2, {0.25, 1}, 9, {}},
                                     {3, {0.2, 0.9}, 9, Measures{0.4, 0.8}}});
  const std::string title = "Classifier of the TensorFlow tutorial: loss per epoch";
  expect_same(
      folder.path("losses.png"),
      stacked(plot_figure({{"Training", {1, 2, 3}, {0.5, 0.25, 0.2}}, {"Test", {1, 3}, {0.6, 0.4}}},
                          {title, "Epoch", "Loss"}, 900, 400),
              plot_figure({{"Training", {1, 2, 3}, {0.75, 1, 0.9}}, {"Test", {1, 3}, {0.7, 0.8}}},
                          {"Accuracy per epoch", "Epoch", "Accuracy"}, 900, 400)));
}

TEST_F(Folder, ShowsPredictions) {
  const RunFolder folder(run("run"), "", {});
  Dataset data = pictures(2, {28, 28, 1});
  data.labels = {1, 0};
  data.label_names = {"shoe", "bag"};
  const std::vector<float> probabilities = {0.5F, 0.5F, 0.25F, 0.75F};
  folder.write_predictions(data, probabilities);
  expect_same(folder.path("predictions.png"),
              predictions_figure(batch_of(data, data.pixels), probabilities, data.labels,
                                 data.label_names));
}

TEST_F(Folder, MakesAnAnimationOfTheGridsThatExist) {
  RunFolder folder(run("run"), "", {});
  folder.write_gif(3);
  EXPECT_FALSE(std::filesystem::exists(folder.path("training.gif")));
  std::vector<Image> frames;
  for (const std::int64_t epoch : {1, 3, 4}) {
    Image frame{8, 8, 1, std::vector<std::uint8_t>(64, static_cast<std::uint8_t>(50 * epoch))};
    write_png(folder.grid_path(epoch), frame);
    if (epoch <= 3) frames.push_back(frame);
  }
  folder.write_gif(3);
  write_gif(folder.path("expected.gif"), frames, 500);
  EXPECT_TRUE(read_file(folder.path("training.gif")) == read_file(folder.path("expected.gif")));
}

}  // namespace
}  // namespace dcgan::test
