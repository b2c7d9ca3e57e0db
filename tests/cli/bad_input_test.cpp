// Wrong usage and bad files: one line that names what is wrong, the right status, nothing written.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "cli/small_run.h"
#include "damage.h"
#include "fixtures.h"
#include "io/safetensors.h"

namespace dcgan::test {
namespace {

namespace fs = std::filesystem;

class BadInput : public SmallRun {
 protected:
  /// A file that begins as it should and then does not.
  std::string damaged(const std::string& name, const std::string& content) {
    folder.write(name, content);
    return folder.path(name);
  }
  void expect_nothing_written(const std::string& out) {
    EXPECT_FALSE(fs::exists(folder.path(out)));
  }
};

TEST_F(BadInput, WrongUsageIsStatus2) {
  const std::string out = folder.path("run");
  expect_refused({"nonsense"}, 2, {"nonsense"});
  expect_refused({"train"}, 2, {"--preset"});
  expect_refused({"train", "--preset", "gan"}, 2, {"gan", "vanilla", "dcgan"});
  expect_refused({"train", "--preset", "dcgan", "--speed", "9"}, 2, {"--speed"});
  expect_refused({"train", "--preset", "dcgan", "--epochs"}, 2, {"--epochs"});
  expect_refused({"--steps", "3", "train", "--preset", "dcgan"}, 2, {"train", "--steps"});
  expect_refused({"sample"}, 2, {"--checkpoint"});
  for (const std::vector<std::string>& both :
       std::vector<std::vector<std::string>>{{"--steps", "7", "--epochs", "5"},
                                             {"--epochs", "5", "--set", "steps=7"},
                                             {"--set", "epochs=5", "--set", "steps=7"}}) {
    expect_refused(train("run", both), 2, {"--steps", "--epochs"});
    std::vector<std::string> job = {"--out", out, "--data", folder.path("none")};
    job.insert(job.end(), both.begin(), both.end());
    expect_refused(job, 2, {"--steps", "--epochs"});
  }
  expect_refused({"replay", "--preset", "dcgan"}, 2, {"required"});
  expect_refused({"kernels", "--preset", "gan"}, 2, {"gan", "vanilla", "dcgan"});
  expect_refused({"kernels", "--blocks", "0"}, 2, {"--blocks"});
  expect_refused({"kernels", "--batch-size", "1", "--op", "pooling"}, 2, {"pooling", "conv2d"});
  expect_refused({"--resume", folder.path("x"), "--out", folder.path("y")}, 2, {"--out"});
  expect_refused({"train", "--preset", "vanilla-64", "--out", out}, 2, {"--data"});
  expect_nothing_written("run");
}

TEST_F(BadInput, NumbersOutOfRangeAreRefusedByName) {
  for (const auto& [option, value] :
       std::vector<std::pair<std::string, std::string>>{{"--batch-size", "1000000000"},
                                                        {"--batch-size", "0"},
                                                        {"--batch-size", "99999999999999999999"},
                                                        {"--steps", "-1"},
                                                        {"--steps", "1e3"},
                                                        {"--epochs", "0"},
                                                        {"--epochs", "ten"},
                                                        {"--seed", "-1"},
                                                        {"--seed", "18446744073709551616"},
                                                        {"--threads", "-2"},
                                                        {"--backend", "abacus"}}) {
    std::string key = option.substr(2);
    if (key == "batch-size") key = "batch_size";
    expect_refused(train("run", {option, value}), 2, {key + "=" + value, "must be"});
  }
  for (const auto& [assignment, part] : std::vector<std::pair<std::string, std::string>>{
           {"width=1e9", "width"},
           {"width=nan", "width"},
           {"latent=-5", "latent"},
           {"dropout=1", "dropout"},
           {"generator.learning_rate=inf", "generator.learning_rate"},
           {"learning_rate=1", "generator.learning_rate"},
           {"wdith=1", "did you mean width"},
           {"width", "KEY=VALUE"},
           {"=1", "KEY=VALUE"}})
    expect_refused(train("run", {"--set", assignment}), 2, {part});
  expect_nothing_written("run");
}

TEST_F(BadInput, NetworksLargerThanTheMachineAreRefusedBeforeTheyAreMade) {
  const Outcome outcome = run_program(train(
      "run", {"--batch-size", "65536", "--set", "width=16", "--set", "latent=65536"}, "dcgan"));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("GiB"), std::string::npos) << outcome.err;
  expect_nothing_written("run");
}

TEST_F(BadInput, SamplesOutOfRangeAreRefused) {
  const std::string file = finished_run();
  const auto refused = [&](const std::string& option, const std::string& value) {
    expect_refused({"sample", "--checkpoint", file, "--out", folder.path("x.png"), option, value},
                   2, {option.substr(2), value});
  };
  for (const char* count : {"0", "-1", "1000000000", "few"}) refused("--count", count);
  for (const char* grid : {"0x5", "5x0", "-1x5", "101x1", "99999999999x1", "5", "5x", "x5", "5x5x5",
                           "5 x 5", "0x10x1"})
    refused("--grid", grid);
  refused("--seed", "-1");
  refused("--seed", "one");
  refused("--threads", "-2");
  refused("--threads", "many");
  refused("--backend", "abacus");
  expect_refused({"sample", "--checkpoint", file, "--out", folder.path("x.bmp")}, 2, {".npy"});
  expect_refused({"sample", "--checkpoint", file, "--out", folder.path("x.png"), "--count", "7",
                  "--grid", "2x3"},
                 2, {"7", "2x3"});
  expect_refused({"sample", "--checkpoint", file, "--out", folder.path("missing/x.png")}, 1,
                 {"missing/x.png"});
  expect_nothing_written("x.png");
}

TEST_F(BadInput, MissingDataAndOtherShapesAreRefused) {
  expect_refused(
      {"train", "--preset", "dcgan", "--data", folder.path("none"), "--out", folder.path("run")}, 1,
      {folder.path("none"), "tools/get_data.sh", "--data"});
  fs::create_directory(folder.path("wide"));
  folder.write(std::string("wide/") + images_file, idx_images(3, 28, 29));
  expect_refused(
      {"train", "--preset", "dcgan", "--data", folder.path("wide"), "--out", folder.path("run")}, 1,
      {"28x29x1", "28x28x1", "dcgan-32"});
  folder.write(std::string("wide/") + images_file, idx_images(3, 28, 28).substr(0, 1000));
  expect_refused({"--data", folder.path("wide"), "--out", folder.path("run")}, 1,
                 {images_file, "get_data.sh"});
  fs::create_directory(folder.path("empty"));
  expect_refused({"train", "--preset", "vanilla-64", "--data", folder.path("empty"), "--out",
                  folder.path("run")},
                 1, {folder.path("empty"), "PNG"});
  expect_nothing_written("run");
}

TEST_F(BadInput, BrokenConfigFilesAreRefused) {
  const auto refused = [&](const std::string& content, const std::string& part) {
    const std::string file = damaged("c.json", content);
    expect_refused({"train", "--config", file, "--out", folder.path("run")}, 1, {file, part});
  };
  refused("", "JSON");
  refused("{\"preset\": \"dcgan\"", "JSON");
  refused("[]", "object");
  refused("{\"wdith\": 1}", "did you mean width");
  refused("{\"width\": \"1\"}", "width");
  refused("{\"steps\": 1e30}", "steps");
  refused(std::string(2 << 20, ' '), "larger");
  refused(std::string(100'000, '['), "deep");
  expect_refused({"train", "--config", folder.path("none.json")}, 1, {"none.json", "No such file"});
  expect_refused({"train", "--config", folder.path(".")}, 1, {"directory"});
  expect_refused({"train", "--config", "/dev/zero"}, 1, {"/dev/zero"});
  expect_nothing_written("run");
}

TEST_F(BadInput, BrokenCheckpointsAreRefused) {
  const std::string whole = read_file(finished_run());
  const auto refused = [&](const std::string& content, const std::string& part) {
    const std::string file = damaged("c.safetensors", content);
    expect_refused({"info", file}, 1, {file, part});
    expect_refused({"train", "--resume", file, "--out", folder.path("x")}, 1, {file, part});
    expect_refused({"sample", "--checkpoint", file, "--out", folder.path("x.png")}, 1,
                   {file, part});
  };
  refused("", "safetensors");
  refused("hello", "safetensors");
  refused(whole.substr(0, 500), "safetensors");
  refused(whole.substr(0, whole.size() - 1), "safetensors");
  refused(whole + "x", "safetensors");
  refused(std::string("\xff\xff\xff\xff\xff\xff\xff\x7f", 8) + whole.substr(8), "safetensors");
  refused(std::string("\x02\0\0\0\0\0\0\0{}", 10), "not a dcgan_cuda checkpoint");
  for (const char* file : {"/dev/zero", "/dev/null", "/", "/nonexistent/c.safetensors"})
    expect_refused({"info", file}, 1, {file});
  expect_nothing_written("x");
  expect_nothing_written("x.png");
}

TEST_F(BadInput, LyingCheckpointsAreRefusedByName) {
  const SafetensorsFile whole(finished_run());
  const auto refused = [&](const std::string& key, const std::string& from, const std::string& to,
                           const std::vector<std::string>& parts) {
    std::map<std::string, std::string> metadata = whole.metadata();
    std::string& text = metadata.at(key);
    ASSERT_NE(text.find(from), std::string::npos) << text;
    text.replace(text.find(from), from.size(), to);
    std::vector<std::vector<float>> values;
    std::vector<TensorToWrite> tensors;
    for (const auto& [name, entry] : whole.entries()) {
      values.push_back(whole.f32(name));
      tensors.push_back({name, DType::f32, entry.shape, values.back().data()});
    }
    const std::string file = folder.path("c.safetensors");
    write_safetensors(file, tensors, metadata);
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"sample", "--checkpoint", file, "--out", folder.path("x.png")},
          {"train", "--resume", file, "--out", folder.path("x")}}) {
      expect_refused(command, 1, {file});
      expect_refused(command, 1, parts);
    }
  };
  refused("state", "\"step\":3", "\"step\":1e300", {"step=1e+300", "whole"});
  refused("state", "\"step\":3", "\"step\":3.9", {"step=3.9", "whole"});
  refused("state", "\"steps_in_epoch\":0", "\"steps_in_epoch\":0.5", {"steps_in_epoch=0.5"});
  refused("state", "[[1,", "[[1.5,", {"epoch=1.5"});
  refused("state", "\"step\":3", "\"step\":" + std::string(1'000'000, '['), {"deep"});
  refused("config", "\"width\": 0.0625", "\"width\": 16", {"settings", "networks"});
  refused("config", "\"latent\": 100", "\"latent\": 60000", {"settings", "networks"});
  expect_nothing_written("x");
  expect_nothing_written("x.png");
}

TEST_F(BadInput, DamagedCheckpointsEndInOneLineOrWork) {
  const std::string whole = read_file(finished_run());
  const std::size_t header_bytes = 8 + 6000;  // damage to weights only changes pictures
  Damage damage(4);
  int refused = 0;
  for (int trial = 0; trial < 60; ++trial) {
    const std::string file = damaged(
        "c.safetensors", damage(whole.substr(0, header_bytes)) + whole.substr(header_bytes));
    const Outcome outcome =
        run_program({"sample", "--checkpoint", file, "--out", folder.path("x.png")});
    EXPECT_LE(outcome.status, 1) << outcome.err;
    refused += outcome.status;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), outcome.status)
        << outcome.err;
  }
  EXPECT_GT(refused, 30);
}

TEST_F(BadInput, AMainJobGoesOnFromWhatCanBeRead) {
  const std::string job = folder.path("job");
  ASSERT_EQ(run_program({"--out", job, "--data", data, "--epochs", "2", "--batch-size", "8",
                         "--set", "width=0.0625", "--threads", "2", "--backend", "cpu"})
                .status,
            0);
  fs::resize_file(checkpoint("job/vanilla", "epoch_0002"), 5000);
  const Outcome resumed = run_program({"--resume", job});
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_NE(resumed.err.find("epoch_0002"), std::string::npos) << resumed.err;
  EXPECT_NE(resumed.out.find("vanilla/checkpoints/epoch_0001.safetensors at step 3"),
            std::string::npos)
      << resumed.out;
  // With none that can be read the run is not begun anew over what is there.
  for (const char* name : {"epoch_0001", "epoch_0002"})
    fs::resize_file(checkpoint("job/vanilla", name), 5000);
  const std::vector<std::string> files = list_files(job);
  const Outcome refused = run_program({"--resume", job});
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find("dcgan_cuda: " + job + "/vanilla/checkpoints: none"),
            std::string::npos)
      << refused.err;
  EXPECT_EQ(list_files(job), files);
}

TEST_F(BadInput, ResumingWhatDoesNotFitIsRefusedByName) {
  const std::string file = finished_run();
  const auto refused = [&](std::vector<std::string> more, int status,
                           const std::vector<std::string>& parts) {
    more.insert(more.begin(), {"train", "--resume", file, "--epochs", "3"});
    expect_refused(more, status, parts);
  };
  refused({"--preset", "dcgan"}, 2, {"dcgan", "vanilla"});
  refused({"--seed", "2"}, 2, {"seed=2", "seed=1"});
  refused({"--set", "width=0.125"}, 2, {"width=0.125", "width=0.0625"});
  refused({"--set", "fit=pad"}, 2, {"fit=pad", "fit=crop"});
  refused({"--init", file}, 2, {"--init"});
  refused({"--config", folder.path("run/config.json")}, 2, {"--config"});
  expect_refused({"train", "--resume", file, "--epochs", "1"}, 2,
                 {"nothing is left to do", "--epochs"});
  refused({"--steps", "20"}, 2, {"--steps", "--epochs"});
  fs::create_directory(folder.path("more"));
  write_idx_dataset(folder.path("more"), 40);
  refused({"--data", folder.path("more")}, 1, {"--data"});
  finished_run("other");
  refused({"--out", folder.path("other")}, 1, {folder.path("other"), "--out"});
  fs::copy_file(file, folder.path("lone.safetensors"));
  expect_refused({"train", "--resume", folder.path("lone.safetensors"), "--epochs", "3"}, 2,
                 {"--out"});
  expect_refused({"--resume", folder.path("run")}, 1, {"config.json", "train --resume"});
}

TEST_F(BadInput, TapesThatDoNotFitAreRefused) {
  const std::string weights = finished_run();
  const std::vector<float> real(2 * 28 * 28), noise(2 * 100);
  using Tensors = std::vector<TensorToWrite>;
  const TensorToWrite pictures = {"real", DType::f32, {1, 2, 28, 28, 1}, real.data()};
  const TensorToWrite draws = {"noise", DType::f32, {1, 2, 100}, noise.data()};
  const auto refused = [&](const Tensors& tensors, const std::string& weight_file,
                           const std::string& part) {
    write_safetensors(folder.path("tape"), tensors);
    expect_refused({"replay", "--preset", "vanilla", "--weights", weight_file, "--tape",
                    folder.path("tape"), "--out", folder.path("result")},
                   1, {part});
  };
  const std::string tape = folder.path("tape"), recorded = fixture("vanilla.safetensors");
  refused({}, weights, "'real'");
  refused({pictures}, weights, "'noise'");
  refused({{"real", DType::f32, {2, 28, 28, 1}, real.data()}, draws}, weights, "[2, 28, 28, 1]");
  refused({{"real", DType::u8, {1, 2, 28, 28, 1}, real.data()}, draws}, weights, "U8");
  refused({pictures, {"noise", DType::f32, {1, 2, 50}, noise.data()}}, weights, "[1, 2, 50]");
  refused({pictures, draws}, weights, weights);  // weights of another width
  refused({pictures, draws}, tape, "'generator.dense1.kernel'");
  refused({pictures, draws}, folder.path("none"), "No such file");
  write_file_atomically(folder.path("tape"), read_file(recorded).substr(0, 10'000));
  expect_refused({"replay", "--preset", "vanilla", "--weights", weights, "--tape", tape, "--out",
                  folder.path("result")},
                 1, {tape, "safetensors"});
  expect_refused({"replay", "--preset", "vanilla", "--set", "width", "--weights", weights, "--tape",
                  recorded, "--out", folder.path("result")},
                 2, {"--set width"});
  expect_nothing_written("result");
}

}  // namespace
}  // namespace dcgan::test
