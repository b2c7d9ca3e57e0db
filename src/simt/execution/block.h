// One block of a grid: its threads as fibers, its barriers and warp operations.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "simt/execution/atomic_change.h"
#include "simt/execution/fiber.h"
#include "simt/language/launch.h"
#include "simt/machine.h"

namespace simt {

namespace observe {
class BlockObserver;
class LaunchObserver;
}  // namespace observe

constexpr int warp_size = 32, most_threads = 1024;

/// Where a kernel called the machine; see observe/observer.h.
struct CallSite {
  const void* return_address;
  const void* frame;
};

/// A copy from global to shared memory that a thread has begun and not yet waited for.
struct AsyncCopy {
  char* to;
  const char* from;
  unsigned bytes, source_bytes;  // the others become zeros
  unsigned group = 0;            // of the thread's, in their order
};

/// A kernel broke a rule. `text` names threads and lines.
struct Violation {
  std::string text;
};

/// Runs blocks one after another on the calling thread, a worker. Big: it owns all stacks.
class BlockRunner {
 public:
  /// Runs block number `block` of the launch to its end; `observer`, if not null, is told what its
  /// threads do. Throws Violation.
  void run(const LaunchShape& shape, const KernelCall& call, std::uint64_t block, Order order,
           std::uint64_t seed, observe::LaunchObserver* observer);

  // Called by the running thread.
  void barrier(const Place& place);
  std::uint64_t warp_operation(WarpOp op, unsigned mask, std::uint64_t value, unsigned argument,
                               int width, const Place& place);
  void* dynamic_shared_memory() { return dynamic_shared_.data(); }
  // `call`: of the kernel's call.
  void begin_copy(const AsyncCopy& copy, const CallSite& call);
  void commit_copies() { ++thread_at(current_).groups; }
  void wait_for_copies(unsigned pending, const CallSite& call);
  unsigned change(const AtomicChange& change, const CallSite& call);
  void fence();
  void wait_for_earlier_launches();
  [[noreturn]] void violate(std::string text);

  /// "thread (3,0,0)" of this block.
  std::string thread_name(int thread) const;
  int current_thread() const { return current_; }
  /// The running thread's stack, which is its local memory.
  char* stack_bottom() const { return stacks_.bottom(current_); }
  /// The thread whose stack p points into; -1: none.
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
    std::vector<AsyncCopy> copies;  // in their groups' order
    unsigned groups;                // committed ones
  };

  static void enter(void* runner);
  Thread& thread_at(int i) { return threads_[static_cast<std::size_t>(i)]; }
  void start(const LaunchShape& shape, std::uint64_t block);
  void resume(int thread);
  void suspend();
  bool run_ready_threads();
  // In warp_operations.cpp:
  bool complete_warp_operations();
  bool try_complete(int first, int thread);
  void exchange(int first, unsigned mask);
  void release_barrier();

  FiberStacks stacks_{most_threads};
  std::vector<Thread> threads_ = std::vector<Thread>(most_threads);
  std::vector<int> order_;
  int count_ = 0, current_ = -1;
  bool warp_operation_pending_ = false;
  const KernelCall* call_ = nullptr;
  ZeroedPages<char> dynamic_shared_{dynamic_shared_capacity};
  std::string violation_;
  observe::BlockObserver* observer_ = nullptr;  // while a block runs that has one
};

}  // namespace simt
