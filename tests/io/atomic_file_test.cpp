// Files whole or not at all: failed writes, killed writers, planted links, interrupted calls.
#include "io/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>

#include "dcgan/error.h"
#include "io/file_reader.h"
#include "io/system_calls.h"
#include "temporary_folder.h"

namespace dcgan::test {
namespace {

namespace fs = std::filesystem;

/// Writes beyond `bytes` fail while it lives, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

void write(AtomicFile& file, const std::string& text) {
  file.write(std::as_bytes(std::span(text)));
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

/// What the error says; empty if there was none.
template <class Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(AtomicFile, AFailedWriteLeavesTheOldFile) {
  const TemporaryFolder folder;
  write_file_atomically(folder.path("f"), std::string("old"));
  {
    const FileSizeLimit limit(100);
    EXPECT_THROW(write_file_atomically(folder.path("f"), std::string(200, 'x')), Error);
  }
  EXPECT_EQ(read_file(folder.path("f")), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path(".")), {}), 1);
  EXPECT_THROW(write_file_atomically(folder.path("missing/f"), std::string("x")), Error);
  std::filesystem::create_directory(folder.path("d"));
  EXPECT_THROW(write_file_atomically(folder.path("d"), std::string("x")), Error);
}

TEST(AtomicFile, ReadingStopsAtTheLimit) {
  const TemporaryFolder folder;
  folder.write("f", std::string(100, 'x'));
  EXPECT_EQ(read_file(folder.path("f"), 100).size(), 100U);
  EXPECT_THROW(read_file(folder.path("f"), 99), Error);
  EXPECT_THROW(read_file("/dev/zero", 1 << 20), Error);
}

TEST(AtomicFile, AppearsWhenItIsFinished) {
  const TemporaryFolder folder;
  AtomicFile file(folder.path("f"));
  write(file, "one ");
  write(file, "two");
  EXPECT_FALSE(fs::exists(folder.path("f")));
  file.finish();
  EXPECT_EQ(read_file(folder.path("f")), "one two");
  EXPECT_EQ(names_in(folder.path(".")), std::vector<std::string>{"f"});
}

TEST(AtomicFile, ALinkInTheTemporaryFilesPlaceIsNotFollowed) {
  const TemporaryFolder folder;
  folder.write("victim", "precious");
  fs::create_symlink(folder.path("victim"), folder.path("f.tmp") + std::to_string(getpid()));
  write_file_atomically(folder.path("f"), std::string("new"));
  EXPECT_EQ(read_file(folder.path("victim")), "precious");
  EXPECT_EQ(read_file(folder.path("f")), "new");
  // A temporary file's name cannot be known beforehand.
  std::vector<std::string> seen;
  for (int i = 0; i < 2; ++i) {
    const AtomicFile file(folder.path("g"));
    for (const std::string& name : names_in(folder.path(".")))
      if (name.starts_with(".dcgan-")) seen.push_back(name);
  }
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_NE(seen[0], seen[1]);
}

TEST(AtomicFile, WhatKilledWritersLeftIsSweptWhenTheFolderIsOpened) {
  const TemporaryFolder folder;
  const auto kill_a_writer = [&] {
    const pid_t writer = fork();
    if (writer == 0) {
      AtomicFile file(folder.path("f"));
      write(file, "half");
      kill(getpid(), SIGKILL);
    }
    waitpid(writer, nullptr, 0);
    EXPECT_EQ(names_in(folder.path(".")).size(), 1U);
  };
  kill_a_writer();
  ensure_writable_directory(folder.path("."));
  EXPECT_EQ(names_in(folder.path(".")), std::vector<std::string>{});
  kill_a_writer();
  write_file_atomically(folder.path("g"), std::string("whole"));
  EXPECT_EQ(names_in(folder.path(".")), std::vector<std::string>{"g"});
}

TEST(AtomicFile, SweepingSparesLivingWritersAndOtherNames) {
  const TemporaryFolder folder;
  const std::vector<std::string> others = {".dcgan-0123456789ABCDEF.tmp",
                                           ".dcgan-0123456789abcde.tmp",
                                           ".dcgan-0123456789abcdef.png",
                                           ".dcgan-0123456789abcdef0.tmp",
                                           "dcgan-.0123456789abcdef.tmp",
                                           "f.tmp123",
                                           ".dcgan-.tmp",
                                           ".dcgan-0123456789abcdeg.tmp"};
  for (const std::string& name : others) folder.write(name, "mine");
  folder.write("target", "mine");
  fs::create_symlink(folder.path("target"), folder.path(".dcgan-0000000000000000.tmp"));
  AtomicFile file(folder.path("f"));
  folder.write(".dcgan-0123456789abcdef.tmp", "of a dead writer");
  ensure_writable_directory(folder.path("."));
  EXPECT_FALSE(fs::exists(folder.path(".dcgan-0123456789abcdef.tmp")));
  for (const std::string& name : others) EXPECT_EQ(read_file(folder.path(name)), "mine") << name;
  EXPECT_EQ(read_file(folder.path("target")), "mine");
  write(file, "whole");
  file.finish();
  EXPECT_EQ(read_file(folder.path("f")), "whole");
}

TEST(AtomicFile, InterruptedCallsAreRepeated) {
  const TemporaryFolder folder;
  SystemCalls& calls = system_calls();
  folder.write("old", "text");
  calls.open_errors = calls.fsync_errors = {EINTR, EINTR, 0, EINTR};  // of the file, of its folder
  write_file_atomically(folder.path("f"), std::string("whole"));
  EXPECT_TRUE(calls.open_errors.empty() && calls.fsync_errors.empty());
  calls.open_errors = {EINTR};
  EXPECT_EQ(read_file(folder.path("f")), "whole");
  calls.open_errors = {EINTR};
  EXPECT_EQ(FileReader(folder.path("f")).size_bytes(), 5U);
}

TEST(AtomicFile, AFolderThatCannotBeSyncedIsReported) {
  const TemporaryFolder folder;
  SystemCalls& calls = system_calls();
  const auto write = [&] { write_file_atomically(folder.path("f"), std::string("whole")); };
  calls.fsync_errors = {0, EIO};
  const std::string error = error_of(write);
  EXPECT_NE(error.find("Input/output error"), std::string::npos) << error;
  calls.fsync_errors = {0, EINVAL};  // a file system that has no such thing
  EXPECT_EQ(error_of(write), "");
  calls.open_errors = {0, EMFILE};
  EXPECT_NE(error_of(write).find("Too many open files"), std::string::npos);
  calls.fsync_errors = {EINVAL};  // of the file itself
  EXPECT_NE(error_of(write), "");
}

TEST(AtomicFile, NewFoldersAreDurable) {
  const TemporaryFolder folder;
  SystemCalls& calls = system_calls();
  const std::string root = fs::canonical(folder.path(".")).string();
  calls.synced.clear();
  ensure_writable_directory(folder.path("a/b/c"));
  EXPECT_EQ(calls.synced, (std::vector<std::string>{root + "/a/b", root + "/a", root}));
  calls.synced.clear();
  ensure_writable_directory(folder.path("a/b/c"));
  EXPECT_TRUE(calls.synced.empty());
  calls.fsync_errors = {EIO};
  EXPECT_NE(error_of([&] { ensure_writable_directory(folder.path("d")); }), "");
}

}  // namespace
}  // namespace dcgan::test
