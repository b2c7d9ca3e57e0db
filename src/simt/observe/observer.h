// Who is told what the threads of a checked kernel do: each load and store, each block of code they
// enter, their atomic operations, and how they synchronise. Check mode and profile mode are
// observers; a launch has at most one. callbacks.cpp, which the compiler's instrumentation calls,
// tells the thread's observer.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "simt/execution/fiber.h"

namespace simt {
class BlockRunner;
struct AtomicChange;
}  // namespace simt

namespace simt::observe {

/// A load or store of instrumented code.
struct MemoryAccess {
  std::uintptr_t address;
  std::size_t bytes;
  bool write;
  /// Of a type whose alignment is `bytes`, a power of two up to 16; else any number of bytes at any
  /// address.
  bool aligned;
  const void* return_address;  ///< of the callback: the instruction after the access
  const void* frame;           ///< the stack at the access
};

class AccessObserver {
 public:
  constexpr explicit AccessObserver(bool told_of_code) : told_of_code_(told_of_code) {}
  virtual void access(const MemoryAccess& access) = 0;
  /// A block of code begins. Called only where told_of_code().
  virtual void enter_code(const void* /*return_address*/, const void* /*frame*/) {}
  bool told_of_code() const { return told_of_code_; }

  /// A thread's own stack is its local memory, registers on a GPU: its accesses are not told.
  bool is_local(std::uintptr_t address) const {
    return address - local_begin_ < FiberStacks::stack_bytes;
  }
  void set_local_memory(const char* stack_bottom) {
    local_begin_ = reinterpret_cast<std::uintptr_t>(stack_bottom);
  }

 protected:
  ~AccessObserver() = default;
  std::uintptr_t local_begin() const { return local_begin_; }

 private:
  std::uintptr_t local_begin_ = 0;  // 0, where no access is: host code's are all told
  bool told_of_code_;
};

/// Observes one block at a time, for the worker that runs it.
class BlockObserver : public AccessObserver {
 public:
  using AccessObserver::AccessObserver;
  /// The runner's current thread continues.
  virtual void thread_resumed() = 0;
  /// `lanes` of the warp whose first thread is `first` meet at a __syncwarp.
  virtual void warp_synchronised(int /*first*/, unsigned /*lanes*/) {}
  /// The running thread changes a word atomically: to be done here. What the word was before.
  virtual unsigned change(const MemoryAccess& access, const AtomicChange& change) = 0;
  /// The running thread begins an asynchronous copy; no bytes of `from`: it fills with zeros.
  virtual void copy_begun(const MemoryAccess& from, const MemoryAccess& to) = 0;
  /// One that the running thread has now waited for has arrived.
  virtual void copy_landed(const MemoryAccess& /*to*/) {}
  /// The running thread is at a __threadfence.
  virtual void fenced() {}
  /// The running thread is at a cudaGridDependencySynchronize.
  virtual void waited_for_earlier_launches() {}
  /// All threads are at a barrier, or have returned. What is wrong with the interval that ends;
  /// empty: nothing.
  virtual std::string interval_ended() = 0;
  /// The block is done or abandoned.
  virtual void block_ended() = 0;

 protected:
  ~BlockObserver() = default;
};

/// Observes a launch and supplies the observer of each of its blocks.
class LaunchObserver {
 public:
  /// The blocks to run, in rising order; empty: all.
  virtual const std::vector<std::uint64_t>& sample() const = 0;
  /// Block number `block` begins on the calling worker, whose runner is `runner`.
  virtual BlockObserver& block_begins(BlockRunner& runner, std::uint64_t block) = 0;

 protected:
  ~LaunchObserver() = default;
};

/// The calling OS thread's: that of host code, or of the block whose thread runs. Null: accesses
/// are ignored. The machine itself is at work; the linker may have kept the instrumented copy of
/// inline functions that it shares with kernels.
extern __thread AccessObserver* observer;

}  // namespace simt::observe
