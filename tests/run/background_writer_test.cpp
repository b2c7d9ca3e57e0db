// The thread that writes beside the training: order, bound, failures, and its end.
#include "run/background_writer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "dcgan/error.h"

namespace dcgan::test {
namespace {

/// Holds up jobs until it is opened.
class Gate {
 public:
  ~Gate() { open(); }
  void open() {
    if (!opened_.exchange(true)) promise_.set_value();
  }
  BackgroundWriter::Job job() const {
    return [way = way_] { way.wait(); };
  }

 private:
  std::atomic<bool> opened_ = false;
  std::promise<void> promise_;
  std::shared_future<void> way_ = promise_.get_future().share();
};

BackgroundWriter::Job failing(const std::string& why) {
  return [why] { throw Error(why); };
}

std::string failure_of(BackgroundWriter& writer) {
  try {
    writer.finish();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(BackgroundWriter, DoesJobsInTheirOrderInOneOtherThread) {
  BackgroundWriter writer(3);
  std::vector<int> done, expected(200);
  std::iota(expected.begin(), expected.end(), 0);
  std::thread::id thread;
  bool always_the_same = true;
  for (const int i : expected)
    writer.queue([&, i] {
      if (i == 0) thread = std::this_thread::get_id();
      always_the_same &= thread == std::this_thread::get_id();
      done.push_back(i);
    });
  writer.finish();
  EXPECT_EQ(done, expected);
  EXPECT_TRUE(always_the_same);
  EXPECT_NE(thread, std::this_thread::get_id());
  EXPECT_FALSE(writer.failed());
}

// Jobs that are queued while one takes its time do not wait for it, up to the bound.
TEST(BackgroundWriter, KeepsNobodyWaitingBelowItsBound) {
  Gate gate;
  std::atomic<int> done = 0;
  BackgroundWriter writer(3);
  writer.queue(gate.job());
  for (int i = 0; i < 2; ++i) writer.queue([&] { ++done; });
  EXPECT_EQ(done, 0);
  gate.open();
  writer.finish();
  EXPECT_EQ(done, 2);
}

TEST(BackgroundWriter, KeepsWhoeverQueuesTooMuchWaiting) {
  Gate gate;
  std::atomic<bool> first_is_done = false;
  BackgroundWriter writer(2);
  writer.queue([&, wait = gate.job()] {
    wait();
    first_is_done = true;
  });
  writer.queue([] {});
  auto queued = std::async(std::launch::async, [&] {
    writer.queue([] {});
    return first_is_done.load();
  });
  EXPECT_EQ(queued.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  gate.open();
  EXPECT_TRUE(queued.get());
  writer.finish();
}

TEST(BackgroundWriter, TellsTheFirstFailureAndDoesTheOtherJobs) {
  BackgroundWriter writer(9);
  Gate gate;
  std::atomic<int> done = 0;
  writer.queue(gate.job());
  writer.queue(failing("first"));
  writer.queue([&] { ++done; });
  writer.queue(failing("second"));
  writer.queue([&] { ++done; });
  EXPECT_FALSE(writer.failed());
  gate.open();
  EXPECT_EQ(failure_of(writer), "first");
  EXPECT_EQ(done, 2);
  EXPECT_TRUE(writer.failed());
  writer.queue([&] { ++done; });
  EXPECT_EQ(failure_of(writer), "first");
  EXPECT_EQ(done, 3);
}

TEST(BackgroundWriter, SaysWithoutWaitingThatAJobHasFailed) {
  BackgroundWriter writer(2);
  writer.queue([] { throw std::bad_alloc(); });
  while (!writer.failed()) std::this_thread::yield();
  EXPECT_THROW(writer.finish(), std::bad_alloc);
}

TEST(BackgroundWriter, LeavesNothingUndoneAtItsEnd) {
  std::atomic<int> done = 0;
  {
    BackgroundWriter writer(9);
    Gate gate;
    writer.queue(gate.job());
    writer.queue([&] { ++done; });
    writer.queue(failing("nobody learns of it"));
    writer.queue([&] { ++done; });
  }
  EXPECT_EQ(done, 2);
}

// Copies of a large network's state are not kept longer than they are needed.
TEST(BackgroundWriter, KeepsNothingOfAJobThatIsDone) {
  BackgroundWriter writer(2);
  const auto large = std::make_shared<int>(1);
  writer.queue([large] {});
  writer.finish();
  EXPECT_EQ(large.use_count(), 1);
}

}  // namespace
}  // namespace dcgan::test
