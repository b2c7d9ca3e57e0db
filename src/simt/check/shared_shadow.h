// What the machine remembers of each word of a block's shared memory: which bytes have been
// written, the last write, and the reads since it in the current interval between barriers.
// Accesses of two threads to one byte, one of them a write, are a race unless a barrier or
// __syncwarp lies between them; the verdict is exact and the same in every order of the threads. An
// asynchronous copy writes when it begins and again when its thread has waited for it; in between
// its bytes are nobody's, not even that thread's.
#pragma once
#include <vector>

#include "simt/check/shadow_memory.h"

namespace simt::check {

class SharedShadow {
 public:
  explicit SharedShadow(std::size_t bytes) : memory_(bytes) {}

  /// A new block begins: this range is unwritten.
  void forget(std::size_t begin, std::size_t bytes) { memory_.forget(begin, bytes); }
  /// Forgets the reads of the interval before.
  void new_interval() { more_reads_.clear(); }

  /// n bytes at a multiple of n, n a power of two up to 16.
  Finding access(std::size_t at, unsigned n, Kind kind, const Access& by,
                 const WarpClocks& clocks) {
    Finding found;
    const bool write = kind != Kind::read;
    found.unwritten = memory_.access(at, n, write, [&](Cell& cell, std::size_t byte) {
      step(cell, byte, write, by, clocks, found);
      if (kind == Kind::copy) cell.write.moment = pending_in(by.moment);
    });
    return found;
  }
  /// A copy to these bytes has arrived: its thread's wait is what writes them.
  void land(std::size_t at, unsigned n, const Access& by) {
    memory_.access(at, n, true, [&](Cell& cell, std::size_t) { cell.write = by; });
  }

 private:
  /// A byte, or a word that has only been accessed as a whole.
  struct Cell {
    Access write, read;       // the last write; the first read since
    std::uint32_t lanes = 0;  // which lanes of that read's warp have read; 0: another warp has, too
    std::uint32_t more = 0;   // the latest of the other reads in more_reads_, 0: none
  };
  struct MoreRead {
    Access read;
    std::uint32_t next;
  };

  void step(Cell& cell, std::size_t byte, bool write, const Access& by, const WarpClocks& clocks,
            Finding& found) {
    if (cell.write.moment == pending_in(by.moment))
      report(found, cell.write, Kind::copy, byte);
    else if (cell.write.moment == by.moment && !ordered(cell.write, by, clocks))
      report(found, cell.write, Kind::write, byte);
    if (!write) {
      if (cell.read.moment == by.moment && cell.lanes == 0) return;  // no more can be learnt
      remember_read(cell, by);
      return;
    }
    if (cell.read.moment == by.moment) find_racing_read(cell, byte, by, clocks, found);
    cell.write = by;
    cell.read.moment = 0;
  }

  static bool ordered(const Access& before, const Access& by, const WarpClocks& clocks) {
    return before.who == by.who ||
           (before.warp() == by.warp() && clocks.ordered(before, by.thread()));
  }

  void remember_read(Cell& cell, const Access& by) {
    const std::uint32_t bit = 1U << by.lane();
    if (cell.read.moment != by.moment) {
      cell.read = by;
      cell.lanes = bit;
      cell.more = 0;
    } else if (cell.read.warp() != by.warp()) {
      cell.lanes = 0;  // whoever writes now races with one of two warps
      keep(cell, by);
    } else if (!(cell.lanes & bit)) {
      cell.lanes |= bit;
      keep(cell, by);
    } else if (Access& own = read_of(cell, by.thread()); own.clock() != by.clock()) {
      own = by;
    }
  }

  void keep(Cell& cell, const Access& by) {
    more_reads_.push_back({by, cell.more});
    cell.more = static_cast<std::uint32_t>(more_reads_.size());
  }

  Access& read_of(Cell& cell, int thread) {
    if (cell.read.thread() == thread) return cell.read;
    std::uint32_t i = cell.more;
    while (more_reads_[i - 1].read.thread() != thread) i = more_reads_[i - 1].next;
    return more_reads_[i - 1].read;
  }

  void find_racing_read(const Cell& cell, std::size_t byte, const Access& by,
                        const WarpClocks& clocks, Finding& found) {
    if (!ordered(cell.read, by, clocks)) return report(found, cell.read, Kind::read, byte);
    for (std::uint32_t i = cell.more; i != 0; i = more_reads_[i - 1].next)
      if (!ordered(more_reads_[i - 1].read, by, clocks))
        return report(found, more_reads_[i - 1].read, Kind::read, byte);
  }

  static void report(Finding& found, const Access& other, Kind kind, std::size_t byte) {
    if (!found.race) found.race = {other, kind, byte};
  }

  ShadowMemory<Cell> memory_;
  std::vector<MoreRead> more_reads_;
};

}  // namespace simt::check
