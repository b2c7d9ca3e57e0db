// Watches one block at a time, for the worker that runs it: every load and store of its threads.
// What it finds ends the block as a violation.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "simt/check/global_shadow.h"
#include "simt/check/launch_check.h"
#include "simt/check/shared_shadow.h"

namespace simt::check {

class BlockCheck {
 public:
  explicit BlockCheck(BlockRunner& runner);

  void begin(LaunchCheck& launch, std::uint64_t run, std::size_t dynamic_shared_bytes);
  /// All threads stand at a barrier, or have returned. What is wrong with the interval that ends;
  /// empty: nothing.
  std::string end_interval();
  /// Lanes of the warp whose first thread is `first` meet at a __syncwarp.
  void meet(int first, unsigned lanes) { clocks_.meet(first, lanes, moment_); }
  void end();

  /// What the instrumented code calls. `aligned`: the type that is accessed wants an address that
  /// is a multiple of `bytes`, a power of two up to 16.
  void access(const void* p, unsigned bytes, bool write, bool aligned, const void* return_address) {
    const auto at = reinterpret_cast<std::uintptr_t>(p);
    if (at - stack_ < FiberStacks::stack_bytes) return;
    if (aligned && (at & (bytes - 1)) != 0) misaligned(p, bytes, write, place_of(return_address));
    if (aligned)
      piece(at, bytes, write, return_address);
    else
      access_range(at, bytes, write, return_address);
  }
  void access_range(std::uintptr_t at, std::size_t bytes, bool write, const void* return_address);
  /// A thread goes on, and has stopped again.
  void resumed();
  void suspended();

 private:
  static std::uint32_t place_of(const void* return_address);
  void piece(std::uintptr_t at, unsigned bytes, bool write, const void* return_address);
  void shared(std::size_t at, std::uintptr_t address, unsigned bytes, bool write, const Access& by);
  void global(const char* p, unsigned bytes, bool write, const Access& by);
  void elsewhere(const char* p, unsigned bytes, bool write, const Access& by);

  [[noreturn]] void misaligned(const void* p, unsigned bytes, bool write, std::uint32_t place);
  [[noreturn]] void violate(std::string text);
  [[noreturn]] void report_shared_race(const SharedShadow::Finding& found, bool write,
                                       const Access& by);
  [[noreturn]] void report_global_race(const GlobalShadow::Finding& found, bool write,
                                       const Access& by);
  std::string shared_name(std::size_t at) const;
  std::string does(const Access& by, bool write, unsigned bytes) const;

  BlockRunner& runner_;
  LaunchCheck* launch_ = nullptr;
  std::uint64_t moment_ = 0;
  std::uintptr_t stack_ = 0;
  int thread_ = 0;
  std::uint32_t who_ = 0;
  WarpClocks clocks_;
  SharedShadow shadow_;  // of the static shared arrays, then the dynamic shared memory
  std::uintptr_t static_begin_, dynamic_begin_, arena_begin_;
  std::size_t static_bytes_, dynamic_bytes_ = 0, arena_bytes_;
  std::vector<bool> used_;            // which static arrays, by the present block
  std::string unwritten_;             // the interval's first read of what nothing wrote
  std::uint32_t accesses_since_ = 0;  // that read
  struct Known {
    const char* begin = nullptr;
    const char* end = nullptr;
    Tracked* memory = nullptr;
  };
  std::array<Known, 64> known_;  // allocations that instructions have lately accessed
};

/// The calling worker's, while a thread of a checked block runs on it.
extern __thread BlockCheck* active_check;
/// The machine itself is at work on this worker, until a thread goes on: its accesses are not
/// looked at. It shares inline functions with the instrumented code, of which the linker may have
/// kept the instrumented one.
extern __thread bool looking;

}  // namespace simt::check
