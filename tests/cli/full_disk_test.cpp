// Disks that are full or read-only: one line, the old files whole, no partial ones.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "cli/small_run.h"
#include "io/safetensors.h"

namespace dcgan::test {
namespace {

namespace fs = std::filesystem;

class FullDisk : public SmallRun {
 protected:
  /// Every checkpoint that is there can be read, and no temporary file is left.
  static void expect_no_halves(const std::string& directory) {
    for (const auto& entry : fs::recursive_directory_iterator(directory)) {
      EXPECT_EQ(entry.path().string().find(".tmp"), std::string::npos) << entry.path();
      if (entry.path().extension() == ".safetensors") {
        EXPECT_NO_THROW(SafetensorsFile(entry.path().string()));
      }
    }
  }
};

/// A file system of a given size, where we may mount one.
class SmallDisk {
 public:
  SmallDisk(const std::string& path, const std::string& size) : path_(path) {
    fs::create_directory(path);
    mounted_ = mount("none", path.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount(path_.c_str());
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool mounted() const { return mounted_; }

 private:
  std::string path_;
  bool mounted_;
};

TEST_F(FullDisk, ACheckpointThatDoesNotFitEndsTheRunInOneLine) {
  expect_refused(train("run", {"--epochs", "3"}), 1, {"epoch_0001.safetensors"},
                 {.largest_file_bytes = 40'000});
  EXPECT_TRUE(fs::exists(folder.path("run/config.json")));
  EXPECT_FALSE(fs::exists(checkpoint("run", "epoch_0001")));
  expect_no_halves(folder.path("run"));
}

TEST_F(FullDisk, WhatWasThereBeforeStaysWhole) {
  const std::string file = finished_run();
  const std::string before = read_file(file);
  const std::vector<std::string> files = list_files(folder.path("run/checkpoints"));
  expect_refused({"train", "--resume", file, "--epochs", "5"}, 1, {"epoch_0002.safetensors"},
                 {.largest_file_bytes = 200'000});
  EXPECT_EQ(read_file(file), before);
  EXPECT_EQ(list_files(folder.path("run/checkpoints")), files);
  expect_no_halves(folder.path("run"));
}

TEST_F(FullDisk, SamplesThatDoNotFitLeaveNoFile) {
  const std::string file = finished_run();
  for (const char* name : {"x.png", "x.npy", "x.gif"})
    expect_refused({"sample", "--checkpoint", file, "--out", folder.path(name), "--count", "100"},
                   1, {folder.path(name)}, {.largest_file_bytes = 1000});
  expect_refused({"sample", "--checkpoint", file, "--out", folder.path("x/")}, 1,
                 {folder.path("x/0001.png")}, {.largest_file_bytes = 400});
  for (const char* name : {"x.png", "x.npy", "x.gif", "x/0001.png"})
    EXPECT_FALSE(fs::exists(folder.path(name))) << name;
  expect_no_halves(folder.path("."));
}

TEST_F(FullDisk, ALimitOnFilesIsNamed) {
  expect_refused(train("run", {"--epochs", "3"}), 1, {"File too large", "ulimit -f"},
                 {.largest_file_bytes = 40'000});
}

TEST_F(FullDisk, ARealOneEndsTheRunInOneLine) {
  // From one too small for anything to one large enough for some checkpoints.
  for (const char* size : {"4k", "64k", "600k"}) {
    const SmallDisk disk(folder.path("disk"), size);
    if (!disk.mounted()) GTEST_SKIP() << "only root may mount a file system";
    expect_refused(train("disk/run", {"--epochs", "50"}), 1,
                   {folder.path("disk/run"), "No space left on device"});
    expect_no_halves(folder.path("disk"));
  }
}

TEST_F(FullDisk, AReadOnlyFolderIsRefused) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  fs::create_directory(folder.path("locked"));
  fs::permissions(folder.path("locked"), fs::perms::owner_read | fs::perms::owner_exec);
  expect_refused(train("locked/run", {"--steps", "1"}), 1, {"locked/run", "Permission denied"});
}

TEST_F(FullDisk, OutputThatGoesNowhereIsAFailure) {
  expect_refused({"info"}, 1, {"standard output"}, {.standard_output = "/dev/full"});
}

// What is opened first would get the number of a closed stream, and the messages.
TEST_F(FullDisk, ClosedStreamsReceiveNothing) {
  for (const std::vector<int>& closed :
       std::vector<std::vector<int>>{{1}, {2}, {0, 1}, {1, 2}, {0, 1, 2}}) {
    const Outcome outcome = run_program(train("run", {"--epochs", "2"}), {.closed = closed});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    std::istringstream log(read_file(folder.path("run/log.jsonl")));
    int lines = 0;
    for (std::string line; std::getline(log, line); ++lines)
      EXPECT_TRUE(line.starts_with("{") && line.ends_with("}")) << line;
    EXPECT_EQ(lines, 8);
    for (const char* name : {"epoch_0001", "epoch_0002"})
      EXPECT_NO_THROW(SafetensorsFile(checkpoint("run", name)));
    fs::remove_all(folder.path("run"));
    EXPECT_EQ(run_program(train("run", {"--steps", "x"}), {.closed = closed}).status, 2);
  }
}

TEST_F(FullDisk, DevicesAndFoldersAreNotReplaced) {
  const std::string file = finished_run();
  fs::create_directory(folder.path("folder.npy"));
  fs::create_symlink("/dev/full", folder.path("device.npy"));
  for (const char* name : {"folder.npy", "device.npy"})
    expect_refused({"sample", "--checkpoint", file, "--out", folder.path(name)}, 1,
                   {folder.path(name)});
  EXPECT_TRUE(fs::is_directory(folder.path("folder.npy")));
  EXPECT_TRUE(fs::is_symlink(folder.path("device.npy")));
  expect_refused(train("run/config.json", {"--steps", "1"}), 1, {"run/config.json"});
}

}  // namespace
}  // namespace dcgan::test
