// Who may begin a run in a folder.
#include "run/folder_lock.h"

#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>

#include "dcgan/config.h"
#include "dcgan/error.h"
#include "temporary_folder.h"

namespace {
int flock_error = 0;  // of the calls to come; 0: what the system says
}

/// The system's, or one that fails as on a file system without locks.
extern "C" int flock(int file, int operation) {
  if (flock_error == 0) return static_cast<int>(syscall(SYS_flock, file, operation));
  errno = flock_error;
  return -1;
}

namespace dcgan::test {
namespace {

namespace fs = std::filesystem;

class Lock : public testing::Test {
 protected:
  const TemporaryFolder folder_;
  const std::string run_ = folder_.path("a/run");
};

TEST_F(Lock, IsHeldByOneUntilItEnds) {
  std::optional<FolderLock> first = FolderLock::try_lock(run_);
  ASSERT_TRUE(first);
  EXPECT_FALSE(FolderLock::try_lock(run_));
  EXPECT_TRUE(FolderLock::try_lock(folder_.path("a/other")));
  try {
    FolderLock::lock(run_);
    ADD_FAILURE() << "locked twice";
  } catch (const Error& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with(run_ + ": a run is writing")) << error.what();
  }
  EXPECT_TRUE(fs::is_empty(run_));
  first.reset();
  EXPECT_TRUE(FolderLock::try_lock(run_));
}

TEST_F(Lock, MovesWithItsHolder) {
  std::optional<FolderLock> kept;
  {
    FolderLock lock = FolderLock::lock(run_);
    kept = std::move(lock);
  }
  EXPECT_FALSE(FolderLock::try_lock(run_));
}

TEST_F(Lock, KeepsNobodyOutWhereThereAreNoLocks) {
  flock_error = ENOLCK;
  EXPECT_TRUE(FolderLock::try_lock(run_));
  flock_error = 0;
}

class Hindrance : public Lock {
 protected:
  Hindrance() { fs::create_directories(run_); }
  bool named(const std::string& file) const {
    return hindrance_to_new_run(run_).starts_with(run_ + "/" + file + ": no run");
  }
};

TEST_F(Hindrance, IsNothingInAnEmptyOrMissingFolder) {
  EXPECT_EQ(hindrance_to_new_run(run_), "");
  EXPECT_EQ(hindrance_to_new_run(folder_.path("nowhere")), "");
  // As a run leaves it that is killed at once.
  for (const char* name : {"images", "checkpoints"}) fs::create_directory(run_ + "/" + name);
  folder_.write("a/run/log.jsonl", "");
  folder_.write("a/run/images/.dcgan-0123456789abcdef.tmp", "half");
  folder_.write("a/run/notes.txt", "of somebody");
  EXPECT_EQ(hindrance_to_new_run(run_), "");
}

TEST_F(Hindrance, IsWhatARunWouldOverwrite) {
  for (const std::string file :
       {"config.json", "log.jsonl", "real_samples.png", "losses.png", "predictions.png",
        "training.gif", "images/holiday.png", "checkpoints/mine", "events.out.tfevents.1.host"}) {
    fs::create_directories(fs::path(run_ + "/" + file).parent_path());
    folder_.write("a/run/" + file, "of somebody");
    EXPECT_TRUE(named(file.substr(0, file.find('/')))) << file << hindrance_to_new_run(run_);
    fs::remove(run_ + "/" + file);
  }
  // JSON, settings even, but not all of them: no run has written it.
  for (const std::string text : {"{}", R"({"preset": "vanilla"})", R"({"name": "log_every"})"}) {
    folder_.write("a/run/config.json", text);
    EXPECT_TRUE(named("config.json")) << text;
  }
}

TEST_F(Hindrance, IsARunWithCheckpointsAlone) {
  folder_.write("a/run/config.json", to_json(preset_config("vanilla")));
  folder_.write("a/run/log.jsonl", "{}");
  EXPECT_EQ(hindrance_to_new_run(run_), "");
  fs::create_directory(run_ + "/checkpoints");
  folder_.write("a/run/checkpoints/epoch_0001.safetensors", "damaged or not");
  EXPECT_NE(hindrance_to_new_run(run_).find("already holds a run"), std::string::npos);
}

}  // namespace
}  // namespace dcgan::test
