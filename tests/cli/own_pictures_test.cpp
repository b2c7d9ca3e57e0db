// The DCGAN on own pictures, from folders and files to grids, as its user runs it; what a run says
// before it starts; and what info --doctor finds.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "cli/small_run.h"
#include "image/image.h"
#include "io/atomic_file.h"

namespace dcgan::test {
namespace {

namespace fs = std::filesystem;

class OwnPictures : public SmallRun {
 protected:
  OwnPictures() {
    for (const char* name : {"red", "green"}) {
      fs::create_directories(folder.path(std::string("classes/") + name));
      for (int i = 0; i < 6; ++i) {
        Image shade{20 + 9 * i, 30, 3, {}};
        for (int k = 0; k < shade.width * shade.height; ++k) {
          const auto level = static_cast<std::uint8_t>(k * (i + 3) % 90);
          const bool red = name[0] == 'r';
          for (const int channel : {red ? 200 : 0, red ? 0 : 180, 0})
            shade.pixels.push_back(static_cast<std::uint8_t>(channel + level / 2));
        }
        write_png(folder.path(std::string("classes/") + name + "/" + std::to_string(i) + ".png"),
                  shade);
      }
    }
  }
  /// Two steps of a narrow dcgan-N.
  Outcome run(const std::string& preset, const std::string& place, const std::string& out,
              const std::vector<std::string>& more = {}) {
    std::vector<std::string> all = {"train",
                                    "--preset",
                                    preset,
                                    "--data",
                                    place,
                                    "--out",
                                    folder.path(out),
                                    "--batch-size",
                                    "4",
                                    "--steps",
                                    "2",
                                    "--threads",
                                    "2",
                                    "--backend",
                                    "cpu",
                                    "--set",
                                    "width=0.03125"};
    all.insert(all.end(), more.begin(), more.end());
    return run_program(all);
  }
  Image grid(const std::string& out) {
    return read_image(folder.path(out + "/images/epoch_0001.png"));
  }
};

TEST_F(OwnPictures, AFolderOfClassesIsTrainedOnInColour) {
  const Outcome outcome =
      run("dcgan-32", folder.path("classes"), "run", {"--set", "flip=1", "--set", "fit=pad"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(has(outcome.out, "DCGAN 32x32 on classes (12 images)")) << outcome.out;
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(grid("run").channels, 3);
  // A real picture of each class, and a caption: two in a row of five.
  const Image real = read_image(folder.path("run/real_samples.png"));
  EXPECT_EQ(real.channels, 3);
  bool red = false, green = false;
  for (std::size_t i = 0; i < real.pixels.size(); i += 3) {
    red = red || (real.pixels[i] > 150 && real.pixels[i + 1] < 100);
    green = green || (real.pixels[i] < 100 && real.pixels[i + 1] > 130);
  }
  EXPECT_TRUE(red && green);
  EXPECT_TRUE(has(read_file(folder.path("run/config.json")), "\"flip\": 1"));
  const std::string made = folder.path("run/checkpoints/step_00000002.safetensors");
  ASSERT_EQ(run_program({"sample", "--checkpoint", made, "--out", folder.path("x.png")}).status, 0);
  EXPECT_EQ(read_image(folder.path("x.png")).channels, 3);
  const Outcome resumed = run_program({"train", "--resume", made, "--steps", "3"});
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  expect_refused({"train", "--resume", made, "--steps", "3", "--set", "channels=1"}, 2,
                 {"channels=1", "channels=0"});
}

TEST_F(OwnPictures, OneChannelIsGreyAt64) {
  const Outcome outcome = run("dcgan-64", folder.path("classes"), "run", {"--set", "channels=1"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(grid("run").channels, 1);
}

TEST_F(OwnPictures, IdxFilesAreMadeToFitAndGreyOnesRemarked) {
  const Outcome outcome = run("dcgan-128", data, "run");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(has(outcome.err, "--set channels=1")) << outcome.err;
  EXPECT_TRUE(has(outcome.out, "(20 images)")) << outcome.out;
}

TEST_F(OwnPictures, CifarFilesAreReadAsTheyAre) {
  fs::create_directories(folder.path("cifar-10-batches-bin"));
  std::string batch;
  for (int i = 0; i < 9; ++i)
    batch += std::string(1, static_cast<char>(i)) + std::string(1024, static_cast<char>(20 * i)) +
             std::string(2048, 'x');
  folder.write("cifar-10-batches-bin/data_batch_1.bin", batch);
  const Outcome outcome = run("dcgan-32", folder.path("cifar-10-batches-bin"), "run");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(has(outcome.out, "(9 images)")) << outcome.out;
  expect_refused({"train", "--preset", "dcgan", "--data", folder.path("cifar-10-batches-bin"),
                  "--out", folder.path("none")},
                 1, {"32x32x3", "28x28x1", "dcgan-32"});
}

TEST_F(OwnPictures, ThePresetsOf28x28TakeFoldersToo) {
  const Outcome outcome = run("dcgan", folder.path("classes"), "run");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(grid("run").channels, 1);
  expect_refused({"train", "--preset", "dcgan", "--set", "channels=3", "--data",
                  folder.path("classes"), "--out", folder.path("none")},
                 2, {"channels=3", "dcgan-32"});
}

/// What stands behind `start`, up to the end of its line.
std::string rest_of_line(const std::string& text, const std::string& start) {
  const std::size_t at = text.find(start);
  if (at == std::string::npos) return "";
  const std::size_t from = at + start.size();
  return text.substr(from, text.find('\n', from) - from);
}

TEST_F(OwnPictures, ARunSaysMemoryAndTimeBeforeItsFirstEpochEnds) {
  const Outcome outcome = run_program(train("run", {"--epochs", "1", "--batch-size", "2"}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const std::size_t memory = outcome.out.find("  memory: about "),
                    time = outcome.out.find(" an epoch, "), epoch = outcome.out.find("\nepoch 1 ");
  EXPECT_LT(memory, time);
  EXPECT_LT(time, epoch);
  EXPECT_NE(epoch, std::string::npos);
  EXPECT_EQ(outcome.out.find(" an epoch, ", time + 1), std::string::npos) << "said twice";
}

class Doctor : public OwnPictures {
 protected:
  Outcome doctor(const std::vector<std::string>& more) {
    std::vector<std::string> all = {"info",  "--doctor",         "--backend", "cpu",
                                    "--out", folder.path("run"), "--set",     "width=0.0625"};
    all.insert(all.end(), more.begin(), more.end());
    return run_program(all);
  }
};

TEST_F(Doctor, FindsNothingWrongWhereARunCanTrain) {
  const Outcome outcome = doctor({"--data", data});
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  EXPECT_EQ(outcome.err, "");
  for (const char* part : {"\nok       backend cpu: ", "ok       threads: ",
                           "ok       data: data, 20 images of "
                           "28x28x1: ",
                           "ok       memory: dcgan with batches of 256 takes about ",
                           "ok       disk: ", "ok       time: ", "nothing prevents this run\n"})
    EXPECT_TRUE(has("\n" + outcome.out, part)) << part << " in: " << outcome.out;
  EXPECT_FALSE(has(outcome.out, "problem")) << outcome.out;
  EXPECT_FALSE(fs::exists(folder.path("run"))) << "it wrote";
  EXPECT_EQ(doctor({"--preset", "dcgan-32", "--data", folder.path("classes")}).status, 0);
}

TEST_F(Doctor, NamesWhatPreventsARunAndTheRemedy) {
  const auto problem = [&](const std::vector<std::string>& more,
                           const std::vector<std::string>& parts) {
    const Outcome outcome = doctor(more);
    EXPECT_EQ(outcome.status, 1) << outcome.out;
    const std::string what = rest_of_line(outcome.out, "problem  ");
    for (const std::string& part : parts) EXPECT_TRUE(has(what, part)) << part << " in: " << what;
    EXPECT_TRUE(has(outcome.out, "mend the problems")) << outcome.out;
  };
  problem({"--data", folder.path("none")}, {"data: ", folder.path("none"), "--data"});
  problem({"--preset", "vanilla-64"}, {"data: ", "--data DIR"});
  folder.write(std::string("data/") + images_file, idx_images(20, 40, 40));
  problem({"--data", data}, {"data: ", "40x40x1", "dcgan-32"});
  EXPECT_EQ(doctor({"--data", data, "--preset", "dcgan-32"}).status, 0);
  problem({"--data", folder.path("classes"), "--set", "width=16", "--batch-size", "65536"},
          {"memory: ", "are free", "--batch-size"});
  problem({"--data", folder.path("classes"), "--out", "/proc/run"}, {"disk: /proc", "--out"});
}

TEST_F(Doctor, KnowsWhatACheckpointTakes) {
  const std::vector<std::string> whole = {"--preset", "vanilla", "--data",   data,
                                          "--set",    "width=1", "--epochs", "1"};
  const std::string disk = rest_of_line(doctor(whole).out, "ok       disk: ");
  const Outcome trained = run_program(train("run", {"--epochs", "1", "--set", "width=1"}));
  ASSERT_EQ(trained.status, 0) << trained.err;
  const double mib =
      static_cast<double>(fs::file_size(checkpoint("run", "epoch_0001"))) / (1 << 20);
  EXPECT_TRUE(has(disk, "1 checkpoint(s) take " + std::to_string(std::lround(mib)) + " MiB"))
      << disk << ", but it took " << mib;
}

TEST_F(Doctor, ItsOptionsAreOfARunToCome) {
  expect_refused({"info", "--preset", "dcgan"}, 2, {"--doctor"});
  expect_refused({"info", "--data", data}, 2, {"--doctor"});
  expect_refused({"info", "--doctor", "--preset", "stylegan"}, 2, {"stylegan"});
  expect_refused({"info", "--doctor", "--set", "channels=2"}, 2, {"channels=2"});
  expect_refused({"info", "--doctor", finished_run()}, 2, {"checkpoint"});
}

}  // namespace
}  // namespace dcgan::test
