#include "simt/check/block_order.h"

#include <algorithm>

namespace simt::check {

void BlockOrder::Knowledge::join(const Knowledge& other) {
  check::join(changes, other.changes);
  check::join(acquired, other.acquired);
}

void BlockOrder::begin(Counters& counters) {
  counters_ = &counters;
  covered_ = {};
  known_ = {};
  warps_.clear();
  expanded_.clear();
  covered_blocks_.clear();
}

/// Begins with what the whole block knows.
BlockOrder::Lane& BlockOrder::lane_of(int thread) {
  const auto [warp, is_new] = warps_.try_emplace(thread / warp_size);
  if (is_new)
    for (Lane& lane : warp->second.lanes) lane.join(known_);
  return warp->second.lanes[thread % warp_size];
}

const BlockOrder::Knowledge& BlockOrder::known_to(int thread) const {
  const auto warp = warps_.find(thread / warp_size);
  return warp == warps_.end() ? known_ : warp->second.lanes[thread % warp_size];
}

void BlockOrder::fence(int thread, std::uint64_t moment) {
  Lane& lane = lane_of(thread);
  std::copy_n(clocks_.advance(thread, moment), warp_size, lane.covered);
  lane.acquired = lane.changes;
}

Change BlockOrder::change(int thread, std::uint64_t moment) const {
  const auto warp = warps_.find(thread / warp_size);
  if (warp == warps_.end()) return {run_of(moment), covered_, known_.acquired};
  const Lane& lane = warp->second.lanes[thread % warp_size];
  const bool fenced = std::any_of(lane.covered, lane.covered + warp_size, [](auto c) { return c; });
  Change change{run_of(moment), covered_, lane.acquired};
  if (!fenced) return change;
  const auto first = static_cast<std::size_t>(thread / warp_size * warp_size);
  change.covered.moment = moment;  // a fence of this interval covers all those before
  change.covered.clocks.assign(first + warp_size, 0);
  std::copy_n(lane.covered, warp_size, &change.covered.clocks[first]);
  return change;
}

void BlockOrder::changed(int thread, const Changes& changes_so_far) {
  check::join(lane_of(thread).changes, changes_so_far);
}

void BlockOrder::lanes_met(int first, unsigned lanes) {
  const auto warp = warps_.find(first / warp_size);
  if (warp == warps_.end()) return;
  Lane all;
  const auto for_each = [&](const auto& act) {
    for (int i = 0; i < warp_size; ++i)
      if (lanes >> i & 1) act(warp->second.lanes[i]);
  };
  for_each([&](const Lane& lane) {
    all.join(lane);
    for (int i = 0; i < warp_size; ++i) all.covered[i] = std::max(all.covered[i], lane.covered[i]);
  });
  for_each([&](Lane& lane) { lane = all; });
}

void BlockOrder::warps_ended(std::uint64_t moment) {
  Covered ended{moment, {}};
  bool fenced = false;
  for (const auto& [number, warp] : warps_) {
    const auto first = static_cast<std::size_t>(number * warp_size);
    ended.clocks.resize(first + warp_size);
    for (const Lane& lane : warp.lanes) {
      known_.join(lane);
      for (std::size_t i = 0; i < warp_size; ++i) {
        fenced = fenced || lane.covered[i] > 0;
        std::uint32_t& clock = ended.clocks[first + i];
        clock = std::max(clock, lane.covered[i]);
      }
    }
  }
  if (fenced) covered_ = ended;
  warps_.clear();
}

bool BlockOrder::after_other_block(const Access& before, int thread) {
  const Changes& acquired = known_to(thread).acquired;
  if (acquired.empty()) return false;
  if (acquired != expanded_) {
    covered_blocks_ = counters_->covered_by(acquired);
    expanded_ = acquired;
  }
  const auto block = covered_blocks_.find(run_of(before.moment));
  return block != covered_blocks_.end() && block->second.holds(before);
}

std::string BlockOrder::missing_after(const Access& before, int thread) {
  if (!counters_->any()) return "";
  const Changes& changes = known_to(thread).changes;
  if (changes.empty()) return "no atomic operation of this block comes before";
  const CoveredBlocks with_fence = counters_->covered_by(changes);
  const auto block = with_fence.find(run_of(before.moment));
  if (block == with_fence.end()) return "that block's atomic operation does not precede this one's";
  if (block->second.holds(before))
    return "no __threadfence lies between this block's atomic operation and that";
  return "no __threadfence comes after that and before its block's atomic operation";
}

}  // namespace simt::check
