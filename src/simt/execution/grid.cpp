// Blocks in their order over the workers; which static shared arrays a kernel uses.
#include "simt/execution/grid.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>
#include <vector>

#include "simt/execution/call_text.h"
#include "simt/execution/worker_pool.h"
#include "simt/memory/poison.h"
#include "simt/memory/shared_arrays.h"
#include "simt/observe/observer.h"

namespace simt {
namespace {

BlockRunner& this_workers_runner() {
  static thread_local BlockRunner runner;
  return runner;
}

/// Which static shared arrays a kernel uses, learnt from its first block: those whose poison it
/// overwrote.
class StaticSharedMemory {
 public:
  void poison_for(const void* kernel) {
    const auto found = used_.find(kernel);
    for (const SharedArray* array : found == used_.end() ? all() : found->second)
      poison(thread_storage() + array->offset, array->bytes);
  }
  bool knows(const void* kernel) const { return used_.contains(kernel); }
  /// How many bytes it uses.
  std::size_t learn(const void* kernel) {
    std::vector<const SharedArray*>& used = used_[kernel];
    std::size_t bytes = 0;
    for (const SharedArray* array : all()) {
      if (is_poison(thread_storage() + array->offset, array->bytes)) continue;
      used.push_back(array);
      bytes += array->bytes;
    }
    return bytes;
  }

 private:
  static std::vector<const SharedArray*> all() {
    std::vector<const SharedArray*> arrays;
    for (const SharedArray& array : shared_arrays()) arrays.push_back(&array);
    return arrays;
  }
  std::map<const void*, std::vector<const SharedArray*>> used_;
};

/// The i-th of `count` blocks in the chosen order; random: a step that is coprime to the count
/// visits each once.
std::uint64_t block_at(std::uint64_t i, std::uint64_t count, Order order, std::uint64_t seed) {
  if (order == Order::forward) return i;
  if (order == Order::reverse) return count - 1 - i;
  std::uint64_t step = seed * 0x9E3779B97F4A7C15u % count | 1;
  while (std::gcd(step, count) != 1) ++step;
  return (i * (step % count) + seed % count) % count;
}

}  // namespace

void run_grid(const LaunchShape& shape, const KernelCall& call, const Settings& settings,
              std::uint64_t launch_number, std::size_t static_shared_limit_bytes,
              observe::LaunchObserver* observer) {
  static WorkerPool pool;
  static StaticSharedMemory shared;
  const bool sampled = observer && !observer->sample().empty();
  const std::uint64_t count = sampled ? observer->sample().size() : count_of(shape.grid);
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
    const std::uint64_t block = sampled ? observer->sample()[at] : at;
    shared.poison_for(shape.kernel);
    try {
      this_workers_runner().run(shape, call, block, settings.order, seed + i, observer);
    } catch (const Violation& v) {
      fail("block " + text(index_in(shape.grid, block)) + ": " + v.text);
      next = count;  // no other block starts
    }
  };

  if (!shared.knows(shape.kernel)) {
    run_block(next++);
    const std::size_t bytes = violation ? 0 : shared.learn(shape.kernel);
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
