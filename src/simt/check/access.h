// One load or store as the shadows remember it, and what orders the accesses of a warp's lanes.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "simt/execution/block.h"

namespace simt::check {

/// A moment of a block's life: the number of its run, unique among all blocks ever run, and within
/// it the interval between two barriers.
constexpr int interval_bits = 24;
constexpr std::uint64_t moment_of(std::uint64_t run, std::uint64_t interval = 0) {
  return run << interval_bits | interval;
}
/// Of a copy that has not arrived in this run: later than every moment.
constexpr std::uint64_t pending_in(std::uint64_t moment) {
  return moment | ((std::uint64_t{1} << interval_bits) - 1);
}
constexpr std::uint64_t run_of(std::uint64_t moment) { return moment >> interval_bits; }

struct Access {
  std::uint64_t moment = 0;  // 0: there was none
  std::uint32_t who = 0;  // the thread, and its clock: of __syncwarps and fences since the barrier
  std::uint32_t place = 0;  // in the program's code; see observe/source_lines.h

  static constexpr int thread_bits = 10;
  static std::uint32_t who_of(int thread, std::uint32_t clock) {
    return static_cast<std::uint32_t>(thread) | clock << thread_bits;
  }
  int thread() const { return static_cast<int>(who & ((1U << thread_bits) - 1)); }
  int lane() const { return thread() % warp_size; }
  int warp() const { return thread() / warp_size; }
  std::uint32_t clock() const { return who >> thread_bits; }
};

/// What an access does to its bytes; `change`: an atomic operation; `copy`: begins an asynchronous
/// copy to them.
enum class Kind : std::uint8_t { read, write, change, copy };

inline const char* present(Kind kind) {
  constexpr const char* verbs[] = {"reads", "writes", "atomically changes", "copies to"};
  return verbs[static_cast<int>(kind)];
}
inline const char* past(Kind kind) {
  constexpr const char* verbs[] = {"read", "wrote", "atomically changed", "began to copy to"};
  return verbs[static_cast<int>(kind)];
}

/// Calls f(p, n) for each piece of some bytes: n of them, a power of two up to 16, at a multiple of
/// n.
template <class F>
void over_aligned_pieces(std::uintptr_t p, std::size_t bytes, const F& f) {
  while (bytes > 0) {
    unsigned n = 16;
    while (n > bytes || p % n != 0) n /= 2;
    f(p, n);
    p += n;
    bytes -= n;
  }
}

/// Who has met whom at a __syncwarp since the last barrier: for each lane, up to which of the other
/// lanes' clocks it has synchronised with them (vector clocks). Nothing else orders a warp's lanes.
class WarpClocks {
 public:
  using Clocks = std::uint32_t[warp_size];
  WarpClocks() : warps_(most_threads / warp_size) {}

  std::uint32_t own(int thread, std::uint64_t moment) const {
    const Warp& warp = warps_[static_cast<std::size_t>(thread / warp_size)];
    const int lane = thread % warp_size;
    return warp.moment == moment ? warp.seen[lane][lane] : 0;
  }
  /// Whether `before`, of the same warp and interval, comes before what `thread` does now.
  bool ordered(const Access& before, int thread) const {
    if (before.thread() == thread) return true;
    const Warp& warp = warps_[static_cast<std::size_t>(thread / warp_size)];
    return warp.moment == before.moment &&
           warp.seen[thread % warp_size][before.lane()] > before.clock();
  }
  /// What the thread does from here on is told apart from what it did. What precedes this point: of
  /// each lane of its warp, everything before this clock.
  const Clocks& advance(int thread, std::uint64_t moment) {
    Clocks& seen = warp_at(thread, moment).seen[thread % warp_size];
    ++seen[thread % warp_size];
    return seen;
  }
  /// The lanes of `mask` in the warp that begins at thread `first` meet.
  void meet(int first, unsigned mask, std::uint64_t moment) {
    Warp& warp = warp_at(first, moment);
    Clocks all{};
    for (int lane = 0; lane < warp_size; ++lane) {
      if (!(mask >> lane & 1)) continue;
      ++warp.seen[lane][lane];
      for (int i = 0; i < warp_size; ++i) all[i] = std::max(all[i], warp.seen[lane][i]);
    }
    for (int lane = 0; lane < warp_size; ++lane)
      if (mask >> lane & 1) std::copy(all, all + warp_size, warp.seen[lane]);
  }

 private:
  struct Warp {
    std::uint64_t moment = 0;
    Clocks seen[warp_size] = {};
  };
  Warp& warp_at(int thread, std::uint64_t moment) {
    Warp& warp = warps_[static_cast<std::size_t>(thread / warp_size)];
    if (warp.moment != moment) warp = {moment, {}};
    return warp;
  }
  std::vector<Warp> warps_;
};

}  // namespace simt::check
