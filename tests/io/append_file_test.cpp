// A file that grows: what is in it, and when.
#include "io/append_file.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>

#include "dcgan/error.h"
#include "io/atomic_file.h"
#include "io/system_calls.h"
#include "temporary_folder.h"

namespace dcgan::test {
namespace {

class Append : public testing::Test {
 protected:
  Append() { folder_.write("log", "a\n"); }
  const TemporaryFolder folder_;
  const std::string path_ = folder_.path("log");
};

TEST_F(Append, IsInTheFileAtOnce) {
  AppendFile file(path_);
  file.append("b\n");
  EXPECT_EQ(read_file(path_), "a\nb\n");
  file.append("c\n");
  EXPECT_EQ(read_file(path_), "a\nb\nc\n");
}

TEST_F(Append, SyncsTheFile) {
  AppendFile file(path_);
  system_calls().synced.clear();
  file.sync();
  EXPECT_EQ(system_calls().synced, std::vector<std::string>{path_});
}

TEST_F(Append, ASyncThatFailsIsReported) {
  AppendFile file(path_);
  system_calls().fsync_errors = {EIO};
  try {
    file.sync();
    ADD_FAILURE() << "was taken for durable";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), path_ + ": cannot be written: Input/output error");
  }
  system_calls().fsync_errors = {};
}

TEST_F(Append, ADeletedFileIsThereAgain) {
  const std::string text(100'000, 'x');  // more than a block
  AppendFile file(path_);
  file.append(text);
  std::filesystem::remove(path_);
  file.append("y");
  file.sync();
  EXPECT_TRUE(read_file(path_) == "a\n" + text + "y");
  file.append("z");
  EXPECT_TRUE(read_file(path_) == "a\n" + text + "yz");
}

TEST_F(Append, LosesNothingToASyncInAnotherThread) {
  AppendFile file(path_);
  std::string all = "a\n";
  std::atomic<bool> written = false;
  std::thread writer([&] {
    for (int i = 0; i < 20'000; ++i) {
      const std::string line = std::to_string(i) + "\n";
      file.append(line);
      all += line;
    }
    written = true;
  });
  while (!written) {
    std::filesystem::remove(path_);
    file.sync();
  }
  writer.join();
  file.sync();
  EXPECT_TRUE(read_file(path_) == all);
}

TEST_F(Append, NeedsAFile) { EXPECT_THROW(AppendFile(folder_.path("nowhere")), Error); }

}  // namespace
}  // namespace dcgan::test
