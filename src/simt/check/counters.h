// The words of device memory that a launch's blocks change by atomic operations, its counters, and
// the order between blocks that arises there, as PTX's memory model has it: what comes before a
// __threadfence that comes before a counter's change precedes what comes after a __threadfence that
// comes after a later change of that counter. "Comes before" is the order of a thread's own
// operations, and that of barriers and __syncwarps between threads of a block.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "simt/check/access.h"

namespace simt::check {

/// How far fences cover what the threads of one block have done.
struct Covered {
  std::uint64_t moment = 0;           // all intervals before this one; 0: nothing is covered
  std::vector<std::uint32_t> clocks;  // by thread: in this interval, all before this clock

  /// `access`: of the same block.
  bool holds(const Access& access) const;
  void join(const Covered& other);
};

struct Counter;
/// Some counters' changes: of each counter so many, the first ones.
using Changes = std::map<const Counter*, std::size_t>;
void join(Changes& into, const Changes& other);

/// An atomic operation on a counter, and what precedes a fence that precedes it.
struct Change {
  std::uint64_t run;  // of the block that made it
  Covered covered;    // of what that block did
  Changes acquired;   // what was covered in front of these changes
};

struct Counter {
  unsigned first_value;         // before the launch's first change
  std::uint32_t place;          // of that change
  std::vector<Change> changes;  // in their order
};

/// What is covered of each block, by its run.
using CoveredBlocks = std::unordered_map<std::uint64_t, Covered>;

/// All of a launch. Any number of workers at once.
class Counters {
 public:
  /// To be held from before a word changes until its change is added: changes are remembered in the
  /// order in which they happen.
  std::mutex& changing() { return changing_; }
  /// A thread at `place` has changed the word, which was `before`. All changes of it so far.
  Changes add(const unsigned* word, unsigned before, std::uint32_t place, Change change);

  /// Whether there has been a change.
  bool any() const { return any_.load(std::memory_order_relaxed); }
  /// What precedes all that a fence puts behind these changes.
  CoveredBlocks covered_by(const Changes& changes);
  /// The launch has ended: the first counter that is not what it was before. Empty: none.
  std::string not_reset() const;

 private:
  std::mutex changing_, changes_mutex_;  // the second for counters_
  std::map<const unsigned*, Counter> counters_;
  std::atomic<bool> any_{false};
};

}  // namespace simt::check
