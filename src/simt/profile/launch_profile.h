// What a launch's sampled blocks have in common while it is profiled.
#pragma once
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "simt/launch.h"
#include "simt/profile/access_log.h"

namespace simt::profile {

/// Counts by instruction.
class Tally {
 public:
  void add(const Event& instruction, const Counts& counts) {
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
    Event instruction;
    Counts counts;
  };
  static std::uint64_t key(const Event& e) {
    return std::uint64_t{e.place} << 16 | std::uint64_t{e.bytes} << 2 |
           std::uint64_t{e.write} << 1 | static_cast<std::uint64_t>(e.space);
  }
  std::unordered_map<std::uint64_t, Entry> entries_;
};

class LaunchProfile {
 public:
  LaunchProfile(const LaunchShape& shape, std::uint64_t most_blocks);

  /// The blocks to run, rising.
  const std::vector<std::uint64_t>& sample() const { return sample_; }
  /// Called by each block's worker.
  void add(const Tally& of_block);
  KernelProfile finish() const;

 private:
  const LaunchShape& shape_;
  std::uint64_t blocks_;
  std::vector<std::uint64_t> sample_;
  std::mutex mutex_;
  Tally tally_;
};

}  // namespace simt::profile
