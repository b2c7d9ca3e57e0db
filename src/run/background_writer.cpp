#include "run/background_writer.h"

#include <utility>

namespace dcgan {

BackgroundWriter::BackgroundWriter(std::size_t most_jobs)
    : most_jobs_(most_jobs), thread_([this] { work(); }) {}

BackgroundWriter::~BackgroundWriter() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  queued_.notify_one();
  thread_.join();
}

void BackgroundWriter::queue(Job job) {
  {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return jobs_.size() < most_jobs_; });
    jobs_.push_back(std::move(job));
  }
  queued_.notify_one();
}

void BackgroundWriter::finish() {
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return jobs_.empty(); });
  if (first_failure_) std::rethrow_exception(first_failure_);
}

void BackgroundWriter::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    queued_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job& job = jobs_.front();  // stays where it is, whatever is queued behind it
    lock.unlock();
    std::exception_ptr failure;
    try {
      job();
    } catch (...) {
      failure = std::current_exception();
    }
    job = nullptr;  // what it held goes without anybody waiting for it
    lock.lock();
    jobs_.pop_front();
    if (failure && !first_failure_) first_failure_ = failure;
    failed_ = first_failure_ != nullptr;
    done_.notify_one();
  }
}

}  // namespace dcgan
