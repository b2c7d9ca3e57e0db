// Profiles one block at a time, for the worker that runs it: logs what each thread does between two
// barriers, then reassembles the warps and counts.
#pragma once
#include <cstdint>
#include <vector>

#include "simt/execution/block.h"
#include "simt/observe/observer.h"
#include "simt/profile/launch_profile.h"

namespace simt::profile {

class BlockProfile final : public observe::BlockObserver {
 public:
  explicit BlockProfile(BlockRunner& runner);

  void begin(LaunchProfile& launch);

  void access(const observe::MemoryAccess& access) override;
  void enter_code(const void* return_address, const void* frame) override;
  unsigned change(const observe::MemoryAccess& access, const AtomicChange& change) override;
  void copy_begun(const observe::MemoryAccess& from, const observe::MemoryAccess& to) override;
  void thread_resumed() override;
  std::string interval_ended() override;
  void block_ended() override;

 private:
  void note(std::uintptr_t at, std::size_t bytes, bool write, Space space,
            const void* return_address, const void* frame);

  BlockRunner& runner_;
  LaunchProfile* launch_ = nullptr;
  std::vector<AccessLog> logs_;  // by thread
  AccessLog* log_ = nullptr;     // the running thread's
  Tally tally_;
  std::uintptr_t static_begin_ = 0, dynamic_begin_, arena_begin_;
  std::size_t static_bytes_ = 0, arena_bytes_;
};
}  // namespace simt::profile
