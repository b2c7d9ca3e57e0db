// One block of a grid: its threads as fibers, its barriers and warp operations.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "simt/fiber.h"
#include "simt/launch.h"
#include "simt/machine.h"

namespace simt {

namespace check {
class BlockCheck;
class LaunchCheck;

/// A block that is watched: of which launch, and which of its blocks.
struct CheckedBlock {
  LaunchCheck* launch;
  std::uint64_t number;
};
}  // namespace check

namespace profile {
class BlockProfile;
class LaunchProfile;
}  // namespace profile

constexpr int warp_size = 32, most_threads = 1024;

/// A kernel did what no kernel may; what() has threads and lines.
struct Violation {
  std::string text;
};

/// Runs blocks one after another on the calling thread, a worker. Big: it owns all stacks.
class BlockRunner {
 public:
  BlockRunner();
  ~BlockRunner();
  BlockRunner(const BlockRunner&) = delete;
  BlockRunner& operator=(const BlockRunner&) = delete;

  /// Runs block `index` of the launch to its end, watched where the kernel tells of its accesses:
  /// checked, or profiled where `profile` is not null. Throws Violation.
  void run(const LaunchShape& shape, const KernelCall& call, dim3 index, Order order,
           std::uint64_t seed, std::optional<check::CheckedBlock> watched,
           profile::LaunchProfile* profile);

  // What the running thread calls.
  void barrier(const Place& place);
  std::uint64_t warp_operation(WarpOp op, unsigned mask, std::uint64_t value, unsigned argument,
                               int width, const Place& place);
  void* dynamic_shared_memory() { return dynamic_shared_; }
  [[noreturn]] void violate(std::string text);

  /// "thread (3,0,0)" of this block.
  std::string thread_name(int thread) const;
  int current_thread() const { return current_; }
  /// The running thread's stack, which is its local memory.
  char* stack_bottom() const { return stacks_.bottom(current_); }
  /// Whose stack p points into; -1: nobody's.
  int thread_of_stack(const char* p) const;
  static constexpr std::size_t dynamic_shared_capacity = 256 << 10;

 private:
  enum class State : std::uint8_t { ready, at_barrier, in_warp_operation, returned };
  struct Thread {
    Fiber fiber;
    State state;
    WarpOp op;
    unsigned mask, argument;
    int width;
    std::uint64_t value, result;
    Place place;
    uint3 index;
  };

  static void enter(void* runner);
  void start(const LaunchShape& shape, dim3 index);
  void resume(int thread);
  void suspend();
  bool run_ready_threads();
  bool finish_warp_operations();
  bool finish_warp_operation(int first, int thread);
  void complete(int first, unsigned mask);
  void release_barrier();
  void explain_deadlock();

  FiberStacks stacks_;
  std::vector<Thread> threads_;
  std::vector<int> order_;
  int count_ = 0, current_ = -1;
  bool warp_operation_pending_ = false;
  const KernelCall* call_ = nullptr;
  void* dynamic_shared_;
  std::size_t dynamic_shared_bytes_ = 0;
  std::string violation_;
  std::unique_ptr<check::BlockCheck> check_;        // made for the first block that is watched
  check::BlockCheck* watching_ = nullptr;           // it, while such a block runs
  std::unique_ptr<profile::BlockProfile> profile_;  // likewise
  profile::BlockProfile* profiling_ = nullptr;
};

/// The runner whose kernel thread is the caller; null outside kernels.
BlockRunner* current_block();

}  // namespace simt
