#include "simt/grid.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>
#include <vector>

#include "simt/profile/launch_profile.h"
#include "simt/shared_memory.h"

namespace simt {
namespace {

/// OS threads that wait for a grid; the calling thread is one of the workers.
class WorkerPool {
 public:
  ~WorkerPool() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  /// Calls `work` once on each of `workers` threads, the calling one included; returns when all
  /// have returned.
  void run(int workers, const std::function<void()>& work) {
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

 private:
  void wait_for_work(int i) {
    std::uint64_t seen = 0;
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return stopping_ || round_ != seen; });
      if (stopping_) return;
      seen = round_;
      if (i >= wanted_) continue;
      const std::function<void()>& work = *work_;
      lock.unlock();
      work();
      lock.lock();
      if (--busy_ == 0) done_.notify_all();
    }
  }

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  const std::function<void()>* work_ = nullptr;
  int wanted_ = 0, busy_ = 0;
  std::uint64_t round_ = 0;
  bool stopping_ = false;
};

BlockRunner& this_workers_runner() {
  static thread_local BlockRunner runner;
  return runner;
}

/// Which static shared arrays a kernel uses, found out in the first block that runs: those that it
/// left different from the poison they were filled with.
class StaticSharedMemory {
 public:
  void poison_for(const void* kernel) {
    const auto found = used_.find(kernel);
    for (const SharedArray* array : found == used_.end() ? all() : found->second)
      poison(thread_storage() + array->offset, array->bytes);
  }
  void learn(const void* kernel) {
    if (used_.contains(kernel)) return;
    std::vector<const SharedArray*>& used = used_[kernel];
    for (const SharedArray* array : all())
      if (!is_poison(thread_storage() + array->offset, array->bytes)) used.push_back(array);
  }
  bool knows(const void* kernel) const { return used_.contains(kernel); }
  std::size_t bytes(const void* kernel) const {
    std::size_t sum = 0;
    for (const SharedArray* array : used_.at(kernel)) sum += array->bytes;
    return sum;
  }

 private:
  static std::vector<const SharedArray*> all() {
    std::vector<const SharedArray*> arrays;
    for (const SharedArray& array : shared_arrays()) arrays.push_back(&array);
    return arrays;
  }
  std::map<const void*, std::vector<const SharedArray*>> used_;
};

/// i-th of `count` blocks in the chosen order; random: a step that has no divisor in common with
/// the count visits each once.
std::uint64_t block_at(std::uint64_t i, std::uint64_t count, Order order, std::uint64_t seed) {
  if (order == Order::forward) return i;
  if (order == Order::reverse) return count - 1 - i;
  std::uint64_t step = seed * 0x9E3779B97F4A7C15u % count | 1;
  while (std::gcd(step, count) != 1) ++step;
  return (i * (step % count) + seed % count) % count;
}

dim3 block_index(std::uint64_t i, dim3 grid) {
  return {static_cast<unsigned>(i % grid.x), static_cast<unsigned>(i / grid.x % grid.y),
          static_cast<unsigned>(i / grid.x / grid.y)};
}

}  // namespace

void run_grid(const LaunchShape& shape, const KernelCall& call, const Settings& settings,
              std::uint64_t launch_number, std::size_t static_shared_limit_bytes,
              check::LaunchCheck* check, profile::LaunchProfile* profile) {
  static WorkerPool pool;
  static StaticSharedMemory shared;
  const std::uint64_t count = profile ? profile->sample().size()
                                      : std::uint64_t{shape.grid.x} * shape.grid.y * shape.grid.z;
  const std::uint64_t seed = settings.seed * 0x2545F4914F6CDD1Du + launch_number;
  std::atomic<std::uint64_t> next{0};
  std::mutex mutex;
  std::optional<std::string> violation;

  const auto fail = [&](const std::string& what) {
    const std::lock_guard lock(mutex);
    if (!violation) violation = "kernel " + std::string(shape.name) + ": " + what;
  };
  const auto run_block = [&](std::uint64_t i) {
    const std::uint64_t at = block_at(i, count, settings.order, seed);
    const std::uint64_t block = profile ? profile->sample()[at] : at;
    const dim3 index = block_index(block, shape.grid);
    shared.poison_for(shape.kernel);
    try {
      this_workers_runner().run(
          shape, call, index, settings.order, seed + i,
          check ? std::optional(check::CheckedBlock{check, block}) : std::nullopt, profile);
    } catch (const Violation& v) {
      fail("block (" + std::to_string(index.x) + "," + std::to_string(index.y) + "," +
           std::to_string(index.z) + "): " + v.text);
      next = count;  // the other blocks are not begun
    }
  };

  if (!shared.knows(shape.kernel)) {
    run_block(next++);
    if (!violation) shared.learn(shape.kernel);
    const std::size_t bytes = violation ? 0 : shared.bytes(shape.kernel);
    if (bytes > static_shared_limit_bytes)
      fail(std::to_string(bytes) + " bytes of static shared memory; the device has " +
           std::to_string(static_shared_limit_bytes));
  }
  const std::function<void()> work = [&] {
    for (std::uint64_t i; (i = next++) < count;) run_block(i);
  };
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const std::uint64_t wanted = settings.workers > 0 ? settings.workers : cores;
  const std::uint64_t left = next < count && !violation ? count - next : 0;
  if (left > 0) pool.run(static_cast<int>(std::min(wanted, left)), work);
  if (violation) throw Violation{*violation};
}

}  // namespace simt
