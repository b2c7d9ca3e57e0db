// What puts a thread's accesses behind others of its launch: __syncwarps within a warp, fences and
// counters between blocks (see counters.h). Barriers are not seen here: they end an interval.
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "simt/check/access.h"
#include "simt/check/counters.h"

namespace simt::check {

/// Of one block at a time, for the worker that runs it. `moment` is always the current one.
class BlockOrder {
 public:
  void begin(Counters& counters);

  const WarpClocks& clocks() const { return clocks_; }
  void warp_met(int first, unsigned lanes, std::uint64_t moment) {
    clocks_.meet(first, lanes, moment);
    if (!warps_.empty()) lanes_met(first, lanes);
  }
  void fence(int thread, std::uint64_t moment);
  /// What precedes a change of a counter that the thread makes now.
  Change change(int thread, std::uint64_t moment) const;
  /// The thread has made it; all changes of that counter so far.
  void changed(int thread, const Changes& changes_so_far);
  void interval_ended(std::uint64_t moment) {
    if (!warps_.empty()) warps_ended(moment);
  }

  /// Whether `before`, of another block of this launch, comes before what `thread` does now.
  bool after_other_block(const Access& before, int thread);
  /// Why it does not. Empty: the launch has no counters.
  std::string missing_after(const Access& before, int thread);

 private:
  /// The changes of counters that come before what a thread does next.
  struct Knowledge {
    Changes changes;   // all, including those that others made earlier
    Changes acquired;  // those with a fence after them
    void join(const Knowledge& other);
  };
  struct Lane : Knowledge {
    WarpClocks::Clocks covered{};  // of each lane of the warp, all before this clock has a fence
  };
  struct Warp {
    Lane lanes[warp_size];
  };

  Lane& lane_of(int thread);
  const Knowledge& known_to(int thread) const;
  void lanes_met(int first, unsigned lanes);
  void warps_ended(std::uint64_t moment);

  WarpClocks clocks_;
  Counters* counters_ = nullptr;
  // Of the intervals before.
  Covered covered_;
  Knowledge known_;
  // Of the current interval: warps with threads that used fences or counters, by their number.
  std::map<int, Warp> warps_;
  // What follows from `expanded_`, which many accesses in a row share.
  Changes expanded_;
  CoveredBlocks covered_blocks_;
};

}  // namespace simt::check
