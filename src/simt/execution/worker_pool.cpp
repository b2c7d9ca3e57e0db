#include "simt/execution/worker_pool.h"

namespace simt {

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::run(int workers, const std::function<void()>& work) {
  while (static_cast<int>(threads_.size()) < workers - 1)
    threads_.emplace_back([this, i = static_cast<int>(threads_.size())] { wait_for_work(i); });
  {
    const std::lock_guard lock(mutex_);
    work_ = &work;
    wanted_ = busy_ = workers - 1;
    ++round_;
  }
  wake_.notify_all();
  work();
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return busy_ == 0; });
}

void WorkerPool::wait_for_work(int worker) {
  std::uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return stopping_ || round_ != seen; });
    if (stopping_) return;
    seen = round_;
    if (worker >= wanted_) continue;
    const std::function<void()>& work = *work_;
    lock.unlock();
    work();
    lock.lock();
    if (--busy_ == 0) done_.notify_all();
  }
}

}  // namespace simt
