// Runs that people steer: where they write, what they go on from, and whose pictures they take.
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <fcntl.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/small_run.h"
#include "io/atomic_file.h"
#include "io/safetensors.h"

namespace dcgan::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class Steered : public SmallRun {
 protected:
  Steered() {
    fs::create_directory(folder.path("other"));
    write_idx_dataset(folder.path("other"), 24);
  }
  json config_of(const std::string& run) {
    return json::parse(read_file(folder.path(run + "/config.json")));
  }
  /// Runs and expects success; returns what it printed.
  std::string ran(const std::vector<std::string>& arguments, const Surroundings& around = {}) {
    const Outcome outcome = run_program(arguments, around);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
  }
  void expect_same_weights(const std::string& a, const std::string& b) {
    const SafetensorsFile first(a), second(b);
    for (const auto& [name, entry] : first.entries())
      EXPECT_EQ(first.f32(name), second.f32(name)) << name;
  }
};

TEST_F(Steered, ARunRemembersItsPicturesWhereverItIsResumed) {
  std::vector<std::string> arguments = train("run", {"--steps", "2"});
  arguments.erase(arguments.begin() + 5, arguments.begin() + 7);  // --data
  ran(arguments, {.environment = {"DCGAN_DATA=" + data}});
  const json config = config_of("run");
  EXPECT_EQ(config.at("data"), fs::absolute(data).string());
  EXPECT_EQ(config.at("data_checksum").get<std::string>().size(), 8U);
  const std::string file = checkpoint("run", "step_00000002");
  ran({"train", "--resume", file, "--steps", "3"},
      {.environment = {"DCGAN_DATA=" + folder.path("other")}});
  EXPECT_EQ(config_of("run").at("data"), config.at("data"));
  // The settings are enough, too.
  ran({"train", "--config", folder.path("run/config.json"), "--out", folder.path("again")});
  expect_same_weights(checkpoint("run", "epoch_0001"), checkpoint("again", "epoch_0001"));
}

TEST_F(Steered, OtherPicturesAreRefusedUnlessAskedFor) {
  finished_run();
  write_idx_dataset(data, 18);  // as many batches, of other pictures
  const std::vector<std::string> resume = {"train", "--resume", folder.path("run"), "--epochs",
                                           "2"};
  expect_refused(resume, 1, {"data", "other pictures", "--data"});
  expect_refused({"train", "--config", folder.path("run/config.json"), "--out", folder.path("x")},
                 1, {"other pictures"});
  std::vector<std::string> asked = resume;
  asked.insert(asked.end(), {"--data", data});
  EXPECT_NE(ran(asked).find("changed: data_checksum"), std::string::npos);
}

TEST_F(Steered, AFolderIsResumedFromTheNewestCheckpointThatIsWhole) {
  ran(train("run", {"--epochs", "3"}));
  ran(train("unbroken", {"--epochs", "4"}));
  std::string damaged = read_file(checkpoint("run", "epoch_0003"));
  damaged[damaged.size() - 100] ^= 1;
  folder.write("run/checkpoints/epoch_0003.safetensors", damaged);
  const Outcome outcome = run_program({"train", "--resume", folder.path("run"), "--epochs", "4"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.err.find("epoch_0003.safetensors: it is damaged"), std::string::npos);
  EXPECT_NE(outcome.out.find("epoch_0002.safetensors at step 6"), std::string::npos);
  expect_same_weights(checkpoint("run", "epoch_0004"), checkpoint("unbroken", "epoch_0004"));
}

TEST_F(Steered, ARunWithoutCheckpointsBeginsAnew) {
  for (const bool resumed : {true, false}) {
    ran(train("run", {"--epochs", "1"}));
    fs::remove(checkpoint("run", "epoch_0001"));
    folder.write("run/images/epoch_0007.png", "of the run that was killed");
    ran(resumed ? std::vector<std::string>{"train", "--resume", folder.path("run")}
                : train("run", {"--epochs", "1"}));
    EXPECT_FALSE(fs::exists(folder.path("run/images/epoch_0007.png")));
    const std::string log = read_file(folder.path("run/log.jsonl"));
    EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 4);
    fs::remove_all(folder.path("run"));
  }
}

TEST_F(Steered, AFinishedRunIsMadeComplete) {
  finished_run();
  fs::remove(folder.path("run/training.gif"));
  fs::remove(folder.path("run/images/epoch_0001.png"));
  const std::string log = read_file(folder.path("run/log.jsonl"));
  EXPECT_NE(ran({"train", "--resume", folder.path("run")}).find("--epochs"), std::string::npos);
  EXPECT_TRUE(fs::exists(folder.path("run/training.gif")));
  EXPECT_TRUE(fs::exists(folder.path("run/images/epoch_0001.png")));
  EXPECT_EQ(read_file(folder.path("run/log.jsonl")), log);
}

/// Locks a folder as a run does.
class Occupied {
 public:
  explicit Occupied(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_DIRECTORY)) {
    EXPECT_EQ(flock(fd_, LOCK_EX | LOCK_NB), 0);
  }
  ~Occupied() { close(fd_); }
  Occupied(const Occupied&) = delete;
  Occupied& operator=(const Occupied&) = delete;

 private:
  int fd_;
};

TEST_F(Steered, TwoRunsDoNotShareAFolder) {
  finished_run();
  fs::create_directory(folder.path("new"));
  const Occupied run(folder.path("run")), fresh(folder.path("new"));
  expect_refused({"train", "--resume", folder.path("run"), "--epochs", "2"}, 1,
                 {folder.path("run"), "a run is writing to it"});
  expect_refused(train("new", {"--epochs", "1"}), 1, {folder.path("new"), "--out"});
  EXPECT_TRUE(fs::is_empty(folder.path("new")));
}

/// Until it ends, the program runs in this folder.
class WorkingFolder {
 public:
  explicit WorkingFolder(const std::string& path) : before_(fs::current_path()) {
    fs::current_path(path);
  }
  ~WorkingFolder() { fs::current_path(before_); }
  WorkingFolder(const WorkingFolder&) = delete;
  WorkingFolder& operator=(const WorkingFolder&) = delete;

 private:
  fs::path before_;
};

TEST_F(Steered, WithoutANameARunTakesTheNextFreeFolder) {
  const WorkingFolder here(folder.path("."));
  std::vector<std::string> arguments = train("", {"--epochs", "1"});
  arguments.erase(arguments.begin() + 3, arguments.begin() + 5);  // --out
  fs::create_directories("runs/vanilla");
  {
    const Occupied by_another("runs/vanilla");
    ran(arguments);
  }
  EXPECT_TRUE(fs::is_empty("runs/vanilla"));
  EXPECT_TRUE(fs::exists("runs/vanilla-2/checkpoints/epoch_0001.safetensors"));
  fs::create_directory("runs/vanilla/images");
  folder.write("runs/vanilla/images/holiday.png", "of somebody");
  ran(arguments);
  EXPECT_TRUE(fs::exists("runs/vanilla-3/checkpoints/epoch_0001.safetensors"));
  fs::remove_all("runs/vanilla/images");
  ran(arguments);
  EXPECT_TRUE(fs::exists("runs/vanilla/checkpoints/epoch_0001.safetensors"));
}

TEST_F(Steered, WithoutANameTheMainJobTakesTheNextFreeFolder) {
  const WorkingFolder here(folder.path("."));
  fs::create_directories("runs/notebook/dcgan/checkpoints");
  folder.write("runs/notebook/dcgan/checkpoints/x.safetensors", "of another job");
  ran({"--data", data, "--steps", "1", "--batch-size", "8", "--set", "width=0.0625", "--backend",
       "cpu"});
  EXPECT_TRUE(fs::exists("runs/notebook-2/comparison.html"));
}

// A job of the notebook's two presets, one of which is resumed alone while it runs.
TEST_F(Steered, TheMainJobKeepsItsFolders) {
  const std::vector<std::string> job = {
      "--out", folder.path("job"), "--data",    data, "--steps", "1", "--batch-size", "8",
      "--set", "width=0.0625",     "--backend", "cpu"};
  ran(job);
  for (const char* part : {"job", "job/vanilla", "job/dcgan"}) {
    const Occupied one(folder.path(part));
    expect_refused({"--resume", folder.path("job"), "--steps", "2"}, 1, {"a run is writing to it"});
  }
  expect_refused({"train", "--resume", folder.path("job")}, 2, {"main job", "--resume"});
  fs::create_directory(folder.path("mine"));
  folder.write("mine/comparison.html", "of somebody");
  std::vector<std::string> elsewhere = job;
  elsewhere[1] = folder.path("mine");
  expect_refused(elsewhere, 1, {"mine/comparison.html", "--out"});
}

TEST_F(Steered, SomebodysFilesAreNotOverwritten) {
  fs::create_directory(folder.path("mine"));
  folder.write("mine/losses.png", "of somebody");
  expect_refused(train("mine", {"--epochs", "1"}), 1, {"mine/losses.png", "--out"});
  EXPECT_EQ(list_files(folder.path("mine")), std::vector<std::string>{"losses.png 11"});
}

TEST_F(Steered, ARunBeginsWithTheWeightsOfAnother) {
  const std::string file = finished_run();
  for (const std::string& from : {file, folder.path("run")}) {
    const std::string out = folder.path("from" + std::to_string(from.size()));
    const std::string said =
        ran({"train", "--init", from, "--data", folder.path("other"), "--out", out, "--epochs", "1",
             "--batch-size", "24", "--set", "generator.learning_rate=1e-30", "--set",
             "discriminator.learning_rate=1e-30"});
    EXPECT_NE(said.find("begins with the weights of " + file), std::string::npos) << said;
    const SafetensorsFile before(file), after(out + "/checkpoints/epoch_0001.safetensors");
    EXPECT_EQ(after.f32("generator.dense1.kernel"), before.f32("generator.dense1.kernel"));
    EXPECT_EQ(after.metadata().at("step"), "1");
    const json config = json::parse(read_file(out + "/config.json"));
    EXPECT_EQ(config.at("init"), file);
    EXPECT_EQ(config.at("data"), folder.path("other"));
    EXPECT_EQ(config.at("width"), 0.0625);
  }
  expect_refused({"train", "--init", file, "--preset", "dcgan"}, 2, {"dcgan", "vanilla"});
  expect_refused({"train", "--init", file, "--config", folder.path("run/config.json")}, 2,
                 {"--config", "--init"});
  expect_refused({"train", "--init", folder.path("other")}, 1, {folder.path("other")});
}

TEST_F(Steered, TheBatchSizeMayChange) {
  ran(train("run", {"--steps", "4"}));
  const std::string said = ran({"train", "--resume", folder.path("run"), "--epochs", "2",
                                "--batch-size", "4", "--keep", "1"});
  EXPECT_NE(said.find("changed: batch_size from 8 to 4"), std::string::npos) << said;
  const std::string log = read_file(folder.path("run/log.jsonl"));
  // 12 pictures are left of the second epoch.
  EXPECT_NE(log.find("\"step\":7,\"epoch\":2"), std::string::npos);
  EXPECT_EQ(log.find("\"step\":8"), std::string::npos);
  EXPECT_NE(log.find("\"resumed\":4"), std::string::npos);
  EXPECT_NE(ran({"info", checkpoint("run", "epoch_0002")}).find("batch_size from 8 to 4"),
            std::string::npos);
}

}  // namespace
}  // namespace dcgan::test
