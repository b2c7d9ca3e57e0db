// A thread for what a training must not wait for: pictures, checkpoints and their fsyncs.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace dcgan {

/// Does jobs one after the other, in the order in which they were queued. One that fails keeps none
/// of the others from being done: what a run has queued cannot always be made anew. One thread
/// queues, and that one asks.
class BackgroundWriter {
 public:
  using Job = std::function<void()>;

  /// most_jobs, at least 1, bounds the memory that jobs hold: so many are there at once, the one
  /// that is being done among them.
  explicit BackgroundWriter(std::size_t most_jobs);
  /// Does what is queued; of a failure nobody learns any more.
  ~BackgroundWriter();
  BackgroundWriter(const BackgroundWriter&) = delete;
  BackgroundWriter& operator=(const BackgroundWriter&) = delete;

  /// Waits where most_jobs are there, until the first of them is done.
  void queue(Job job);
  /// Whether a job has thrown. Does not wait.
  bool failed() const { return failed_; }
  /// Waits until all jobs are done. Throws what the first of those that failed has thrown, again
  /// each time.
  void finish();

 private:
  void work();

  const std::size_t most_jobs_;
  std::mutex mutex_;  ///< of what follows, but for the thread
  std::condition_variable queued_, done_;
  std::deque<Job> jobs_;  ///< the first is being done
  std::exception_ptr first_failure_;
  bool ending_ = false;
  std::atomic<bool> failed_ = false;
  std::thread thread_;  ///< begins when all else is there
};

}  // namespace dcgan
