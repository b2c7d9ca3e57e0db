// Event files: their bytes, their order, and what a disk may do to them.
#include "run/event_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>

#include "dcgan/error.h"
#include "run/event_reader.h"
#include "run/run_events.h"
#include "temporary_folder.h"

namespace dcgan::test {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

TEST(EventRecord, ChecksumsAreThoseOfRfc3720) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
  EXPECT_EQ(crc32c(""), 0u);
}

TEST(EventRecord, IsLengthBytesAndTheMaskedChecksumOfEach) {
  // 0xE3069283 turned right by 15 bits is 0x2507C60D; with 0xA282EAD8 that is 0xC78AB0E5.
  EXPECT_EQ(event_record("123456789"),
            "\x09\0\0\0\0\0\0\0"s + "\x37\xF9\x71\x39" + "123456789" + "\xE5\xB0\x8A\xC7"s);
}

class EventFiles : public testing::Test {
 protected:
  EventFiles() { fs::create_directory(path()); }
  std::string path() const { return folder_.path("run"); }
  /// Files of a folder of the test's, by their names.
  std::vector<std::string> names(const std::string& of = "run") const {
    std::vector<std::string> all;
    for (const std::string& file : files_of_events(folder_.path(of)))
      all.push_back(fs::path(file).filename());
    return all;
  }
  const TemporaryFolder folder_;
};

TEST_F(EventFiles, HaveTheBytesOfTheFormat) {
  EventFile file(path(), 1);
  const std::string start = read_file(files_of_events(path()).at(0));
  file.add(300, {{"a", 1.5}, {"bc", -2}});
  EventBytes added(read_file(files_of_events(path()).at(0)).substr(start.size()));
  std::string event = added.record();
  EXPECT_TRUE(added.done());
  file.add(128, {});
  EXPECT_EQ(read_event_file(files_of_events(path()).at(0)).back().step, 128);
  EXPECT_EQ(event[0], '\x09');  // the time, eight bytes
  EXPECT_EQ(event.substr(9),
            "\x10\xAC\x02\x2A\x15"
            "\x0A\x08\x0A\x01"
            "a\x15\0\0\xC0\x3F"
            "\x0A\x09\x0A\x02"
            "bc\x15\0\0\0\xC0"s);
}

TEST_F(EventFiles, BeginWithTheVersionAndTheSessionsStart) {
  const double before =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EventFile file(path(), 8);
  const std::vector<Event> events = read_event_file(files_of_events(path()).at(0));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].file_version, "brain.Event:2");
  EXPECT_FALSE(events[0].starts_session);
  EXPECT_TRUE(events[1].starts_session);
  EXPECT_EQ(events[1].step, 8);
  for (const Event& event : events) {
    EXPECT_GE(event.wall_time, before);
    EXPECT_LT(event.wall_time, before + 600);
  }
}

// Three within a second, and one whose clock was ahead.
TEST_F(EventFiles, AreReadInTheOrderOfTheirMaking) {
  for (int step = 1; step <= 3; ++step) EventFile(path(), step).add(step, {{"x", 1}});
  EXPECT_EQ(files_of_events(path()).size(), 3u);
  folder_.write("run/events.out.tfevents.5000000000.elsewhere", "");
  EventFile(path(), 4).add(4, {{"x", 1}});
  EXPECT_TRUE(names().back().starts_with("events.out.tfevents.5000000001.")) << names().back();
  std::int64_t step = 0;
  for (const std::string& file : event_files(path()))
    if (fs::file_size(file) > 0) {
      EXPECT_EQ(read_event_file(file).at(1).step, ++step);
    }
  EXPECT_EQ(step, 4);
}

TEST_F(EventFiles, AFullDiskIsAnErrorThatNamesTheFile) {
  EventFile file(path(), 1);
  const std::string name = event_files(path()).at(0);
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{fs::file_size(name), before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  std::string said;
  try {
    file.add(1, {{"x", 1}});
  } catch (const Error& e) {
    said = e.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_TRUE(said.starts_with(name + ": cannot be written: File too large")) << said;
}

TEST_F(EventFiles, AFileThatWasDeletedIsThereAgainWhenItIsSynced) {
  EventFile file(path(), 1);
  file.add(1, {{"x", 1}});
  fs::remove(event_files(path()).at(0));
  file.sync();
  EXPECT_EQ(curves_of(path()), (Curves{{"x", {{1, 1}}}}));
}

/// Runs of a step each; what they leave in folders "a" and "b".
class EventsOfRuns : public EventFiles {
 protected:
  EventsOfRuns() {
    for (const char* name : {"a", "b"}) fs::create_directory(folder_.path(name));
    folder_.write("a/log.jsonl", "");
  }
  void run(const std::string& folder, const std::string& from, std::int64_t resumed_step,
           int tensorboard = 1) {
    Config config;
    config.tensorboard = tensorboard;
    TrainingState state;
    state.step = resumed_step;
    RunEvents events(folder_.path(folder),
                     from.empty() ? "" : folder_.path(from + "/checkpoints/x"), config, state);
    for (std::int64_t step = resumed_step + 1; step <= resumed_step + 2; ++step) {
      StepResult result;
      result.step = step;
      result.measures = {static_cast<double>(++written_), 0};
      result.images = 8;
      result.milliseconds = 16;
      events.log(result, {"x"});
    }
  }
  using Points = std::map<std::int64_t, float>;
  int written_ = 0;
};

TEST_F(EventsOfRuns, AResumedRunTakesBackWhatItDoesAgain) {
  run("a", "", 0);
  run("a", "a", 1);
  EXPECT_EQ(
      curves_of(folder_.path("a")),
      (Curves{{"x", {{1, 1}, {2, 3}, {3, 4}}}, {"images_per_s", {{1, 500}, {2, 500}, {3, 500}}}}));
  EXPECT_EQ(names("a").size(), 2u);
}

TEST_F(EventsOfRuns, AlsoOneThatWritesNone) {
  run("a", "", 0);
  run("a", "a", 1, 0);
  EXPECT_EQ(curves_of(folder_.path("a"))["x"], (Points{{1, 1}}));
}

TEST_F(EventsOfRuns, AnotherFolderGetsACopyInsteadOfWhatItHad) {
  run("a", "", 0);
  run("b", "", 5);
  run("b", "a", 1);
  EXPECT_EQ(curves_of(folder_.path("b"))["x"], (Points{{1, 1}, {2, 5}, {3, 6}}));
  EXPECT_EQ(names("b").size(), 2u);
  EXPECT_EQ(curves_of(folder_.path("a"))["x"], (Points{{1, 1}, {2, 2}}));
}

// A checkpoint may have been moved to where other programs' files are.
TEST_F(EventsOfRuns, NothingIsCopiedFromAFolderThatIsNoRuns) {
  run("a", "", 0);
  fs::remove(folder_.path("a/log.jsonl"));
  run("b", "a", 1);
  EXPECT_EQ(curves_of(folder_.path("b"))["x"], (Points{{2, 3}, {3, 4}}));
}

TEST_F(EventsOfRuns, ANewRunRemovesThoseOfAnOlderOne) {
  run("a", "", 0);
  run("a", "", 0, 0);
  EXPECT_EQ(names("a"), std::vector<std::string>{});
}

TEST_F(EventsOfRuns, AreNotThereUnasked) {
  run("a", "", 0, 0);
  run("a", "a", 1, 0);
  EXPECT_EQ(names("a"), std::vector<std::string>{});
}

}  // namespace
}  // namespace dcgan::test
