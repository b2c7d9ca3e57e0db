// Watches one block at a time, for the worker that runs it: notes what each thread does between two
// barriers, then puts the warps together and counts.
#pragma once
#include <cstdint>
#include <vector>

#include "simt/block.h"
#include "simt/profile/launch_profile.h"

namespace simt::profile {

class BlockProfile {
 public:
  explicit BlockProfile(BlockRunner& runner);

  void begin(LaunchProfile& launch);
  /// A thread goes on, and has stopped again.
  void resumed();
  void suspended();
  /// All threads stand at a barrier, or have returned.
  void end_interval();
  void end();

  /// What the instrumented code calls. `aligned`: as wide an access as it is; else the type's
  /// elements are taken one by one, as a GPU takes them.
  void access(const void* p, std::size_t bytes, bool write, bool aligned,
              const void* return_address, const void* frame);
  void enter_code(const void* return_address, const void* frame);

 private:
  void note(std::uintptr_t at, std::size_t bytes, bool write, Space space,
            const void* return_address, const void* frame);

  BlockRunner& runner_;
  LaunchProfile* launch_ = nullptr;
  std::vector<AccessLog> logs_;  // by thread
  AccessLog* log_ = nullptr;     // the running thread's
  Tally tally_;
  std::uintptr_t stack_ = 0, static_begin_, dynamic_begin_, arena_begin_;
  std::size_t static_bytes_, arena_bytes_;
};

/// The calling worker's, while a thread of a profiled block runs.
extern __thread BlockProfile* active_profile;

}  // namespace simt::profile
