// Profiles one launch: which of its blocks run, and the sum of what they ask of memory.
#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "simt/language/launch.h"
#include "simt/observe/observer.h"
#include "simt/profile/access_log.h"

namespace simt::profile {

/// Counts by instruction.
class Tally {
 public:
  void add(const LogEntry& instruction, const Counts& counts) {
    Entry& entry = entries_[key(instruction)];
    entry.instruction = instruction;
    entry.counts.add(counts);
  }
  void add(const Tally& other) {
    for (const auto& [key, entry] : other.entries_) add(entry.instruction, entry.counts);
  }
  void clear() { entries_.clear(); }
  /// By source line, in the code's order.
  std::vector<LineProfile> lines() const;

 private:
  struct Entry {
    LogEntry instruction;
    Counts counts;
  };
  static std::uint64_t key(const LogEntry& e) {
    return std::uint64_t{e.place} << 16 | std::uint64_t{e.bytes} << 2 |
           std::uint64_t{e.write} << 1 | static_cast<std::uint64_t>(e.space);
  }
  std::unordered_map<std::uint64_t, Entry> entries_;
};

class LaunchProfile final : public observe::LaunchObserver {
 public:
  LaunchProfile(const LaunchShape& shape, std::uint64_t most_blocks);

  const std::vector<std::uint64_t>& sample() const override { return sample_; }
  observe::BlockObserver& block_begins(BlockRunner& runner, std::uint64_t block) override;
  /// Called by each block's worker.
  void add(const Tally& of_block);
  /// An atomic operation of a thread. What the word was before.
  unsigned change(const AtomicChange& change);
  /// The launch is over. Words that it changed atomically become what they were: only a launch of
  /// all blocks resets its counters.
  KernelProfile finish() const;

 private:
  const LaunchShape& shape_;
  std::uint64_t blocks_;
  std::vector<std::uint64_t> sample_;
  std::mutex mutex_;
  Tally tally_;
  std::map<unsigned*, unsigned> counters_;  // what each was before the launch
};

}  // namespace simt::profile
