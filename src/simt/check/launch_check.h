// Checks one launch: what its blocks have in common.
#pragma once
#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "simt/check/counters.h"
#include "simt/check/history.h"
#include "simt/language/launch.h"
#include "simt/observe/observer.h"

namespace simt::check {

class LaunchCheck final : public observe::LaunchObserver {
 public:
  LaunchCheck(const LaunchShape& shape, const KernelCall& call, const OperationOrder& order);

  const std::vector<std::uint64_t>& sample() const override { return all_blocks_; }
  observe::BlockObserver& block_begins(BlockRunner& runner, std::uint64_t block) override;

  /// Whether its threads have to wait for earlier launches, and of how many a block is.
  bool overlaps() const { return overlaps_; }
  int block_threads() const { return block_threads_; }

  bool is_parameter(const void* p, std::size_t bytes) const;
  /// The block has used the static shared array of this number.
  void used(std::size_t shared_array) {
    used_[shared_array].store(true, std::memory_order_relaxed);
  }
  /// A block's thread has read unwritten bytes. Whether a race is the cause, the rest of the launch
  /// will show.
  void read_unwritten(std::uint64_t run, int thread, std::string text);
  /// The first such read, where it was in this block; else empty.
  std::string unwritten_of(std::uint64_t run);
  Counters& counters() { return counters_; }
  /// All blocks have run: what is wrong with the launch as a whole. Empty: nothing.
  std::string finish(std::size_t shared_limit_bytes) const;

 private:
  const std::vector<std::uint64_t> all_blocks_;  // empty
  const char* parameters_;
  std::size_t parameters_bytes_;
  std::size_t dynamic_shared_bytes_;
  bool overlaps_;
  int block_threads_;
  std::uint64_t first_run_;
  Counters counters_;
  std::vector<std::atomic<bool>> used_;  // by shared array
  std::mutex mutex_;
  struct Unwritten {
    std::uint64_t run = 0;  // 0: there was none
    int thread = 0;
    std::string text;
  } unwritten_;  // the first, by block and thread
};

}  // namespace simt::check
