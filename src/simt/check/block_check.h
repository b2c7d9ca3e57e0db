// Checks one block at a time, for the worker that runs it: every load, store and atomic operation
// of its threads. What it finds ends the block as a violation.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "simt/check/block_order.h"
#include "simt/check/global_shadow.h"
#include "simt/check/launch_check.h"
#include "simt/check/shared_shadow.h"
#include "simt/observe/observer.h"

namespace simt::check {

class BlockCheck final : public observe::BlockObserver {
 public:
  explicit BlockCheck(BlockRunner& runner);

  /// The launch's block with this run number begins.
  void begin(LaunchCheck& launch, std::uint64_t run, std::size_t dynamic_shared_bytes);

  void access(const observe::MemoryAccess& access) override;
  void thread_resumed() override;
  void warp_synchronised(int first, unsigned lanes) override {
    order_.warp_met(first, lanes, moment_);
  }
  unsigned change(const observe::MemoryAccess& access, const AtomicChange& change) override;
  void copy_begun(const observe::MemoryAccess& from, const observe::MemoryAccess& to) override;
  void copy_landed(const observe::MemoryAccess& to) override;
  void fenced() override;
  void waited_for_earlier_launches() override;
  std::string interval_ended() override;
  void block_ended() override;

 private:
  bool is_shared(std::uintptr_t at) const {
    return at - static_begin_ < static_bytes_ ||
           at - dynamic_begin_ < BlockRunner::dynamic_shared_capacity;
  }
  /// In the shadow of shared memory.
  std::size_t shadow_place(std::uintptr_t at) const {
    return at - static_begin_ < static_bytes_ ? at - static_begin_
                                              : at - dynamic_begin_ + static_bytes_;
  }
  void check_piece(std::uintptr_t at, unsigned bytes, Kind kind, const Access& by);
  void check_shared(std::size_t at, std::uintptr_t address, unsigned bytes, Kind kind,
                    const Access& by);
  void check_global(const char* p, unsigned bytes, Kind kind, const Access& by);
  /// The allocation that holds these bytes; null: of code that is not checked.
  TrackedAllocation* allocation_of(const char* p, unsigned bytes, Kind kind, const Access& by);
  void report_global(const Finding& found, const char* begin, unsigned bytes, Kind kind,
                     const Access& by);
  void check_elsewhere(const char* p, unsigned bytes, Kind kind, const Access& by);
  /// Whether this thread has waited for earlier launches, where it must have.
  void check_waited(Kind kind, unsigned bytes, const Access& by);
  std::string missing_waits() const;
  unsigned change_counter(TrackedAllocation& memory, const AtomicChange& change, const Access& by);

  [[noreturn]] void report_misaligned(const observe::MemoryAccess& access, Kind kind,
                                      const Access& by);
  [[noreturn]] void violate(std::string text);
  [[noreturn]] void report_shared_race(const Finding::Race& race, Kind kind, const Access& by);
  /// `begin`: of the allocation.
  [[noreturn]] void report_global_race(const Finding::Race& race, const char* begin, Kind kind,
                                       const Access& by);
  std::string missing_between(const Access& other, const Access& by);
  std::string shared_name(std::size_t at) const;
  std::string does(const Access& by, Kind kind, unsigned bytes) const;

  BlockRunner& runner_;
  LaunchCheck* launch_ = nullptr;
  std::uint64_t moment_ = 0;
  int thread_ = 0;
  std::uint32_t who_ = 0;
  BlockOrder order_;
  SharedShadow shadow_;  // of the static shared arrays, then the dynamic shared memory
  std::uintptr_t static_begin_, dynamic_begin_, arena_begin_;
  std::size_t static_bytes_, dynamic_bytes_ = 0, arena_bytes_;
  std::vector<bool> used_;            // static arrays that the current block uses
  std::vector<bool> waited_;          // threads that did for earlier launches; empty: none must
  std::string unwritten_;             // the interval's first read of unwritten memory
  std::uint32_t accesses_since_ = 0;  // that read
  struct CachedAllocation {
    const char* begin = nullptr;
    const char* end = nullptr;
    TrackedAllocation* memory = nullptr;
  };
  std::array<CachedAllocation, 64> cache_;  // allocations that instructions accessed last
};
}  // namespace simt::check
