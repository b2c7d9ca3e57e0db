// Shuffles, ballots, mma and __syncwarp: the lanes that a mask names wait until all have arrived,
// then exchange their values.
#include <algorithm>
#include <array>
#include <bit>

#include "simt/execution/block.h"
#include "simt/execution/call_text.h"
#include "simt/execution/mma.h"
#include "simt/memory/poison.h"
#include "simt/observe/observer.h"

namespace simt {
namespace {

/// The lane that a shuffle reads; the lane itself where the shuffle leads outside its segment.
int source_lane(WarpOp op, int lane, unsigned argument, int width) {
  const int first = lane / width * width, distance = static_cast<int>(argument);
  int source = lane;
  if (op == WarpOp::shuffle) source = first + distance % width;
  if (op == WarpOp::shuffle_up) source = lane - distance;
  if (op == WarpOp::shuffle_down) source = lane + distance;
  if (op == WarpOp::shuffle_xor) source = lane ^ distance;
  const bool outside = source < first || source >= first + width;
  // An xor may reach into the segments below its own, not above (CUDA C++ Programming Guide).
  if (op == WarpOp::shuffle_xor) return source < first + width ? source : lane;
  return outside ? lane : source;
}

}  // namespace

std::uint64_t BlockRunner::warp_operation(WarpOp op, unsigned mask, std::uint64_t value,
                                          unsigned argument, int width, const Place& place) {
  observe::observer = nullptr;
  Thread& thread = thread_at(current_);
  if (!(mask >> (current_ % warp_size) & 1))
    violate(thread_name(current_) + " is not in the mask of its own " + name(op) + ", " +
            text(place));
  if (width <= 0 || width > warp_size || (width & (width - 1)) != 0)
    violate(thread_name(current_) + ": a width of " + std::to_string(width) + " in " + name(op) +
            ", " + text(place) + "; powers of two up to 32 are allowed");
  thread.state = State::in_warp_operation;
  thread.op = op, thread.mask = mask, thread.value = value, thread.argument = argument;
  thread.width = width, thread.place = place;
  warp_operation_pending_ = true;
  suspend();
  return thread.result;
}

/// Completes every warp operation whose lanes have all arrived. Whether there was one.
bool BlockRunner::complete_warp_operations() {
  bool any = false, pending = false;
  for (int first = 0; first < count_; first += warp_size)
    for (int i = first; i < std::min(first + warp_size, count_); ++i) {
      if (thread_at(i).state != State::in_warp_operation) continue;
      if (try_complete(first, i))
        any = true;
      else
        pending = true;
      if (!violation_.empty()) return false;
    }
  warp_operation_pending_ = pending;
  return any;
}

/// The operation that thread i of the warp at `first` waits in. Lanes that can never arrive are
/// reported immediately.
bool BlockRunner::try_complete(int first, int i) {
  const Thread& waiting = thread_at(i);
  bool all_arrived = true;
  for (int lane = 0; lane < warp_size; ++lane) {
    if (!(waiting.mask >> lane & 1)) continue;
    const int other = first + lane;
    const auto call = [&] {
      return std::string(name(waiting.op)) + ", " + text(waiting.place) + ",";
    };
    if (other >= count_) {
      violation_ = thread_name(i) + " names lane " + std::to_string(lane) + " in " + call() +
                   " which the block does not have";
      return false;
    }
    const Thread& thread = thread_at(other);
    const bool arrived = thread.state == State::in_warp_operation && thread.op == waiting.op &&
                         thread.mask == waiting.mask && same(thread.place, waiting.place);
    if (arrived) continue;
    all_arrived = false;
    std::string where;
    if (thread.state == State::returned) where = "has returned";
    if (thread.state == State::at_barrier) where = "waits at the barrier in " + text(thread.place);
    if (!where.empty()) {
      violation_ = thread_name(i) + " waits in " + call() + " for " + thread_name(other) +
                   ", which " + where;
      return false;
    }
  }
  if (all_arrived) exchange(first, waiting.mask);
  return all_arrived;
}

void BlockRunner::exchange(int first, unsigned mask) {
  const int leader = std::countr_zero(mask);
  if (observer_ && thread_at(first + leader).op == WarpOp::sync)
    observer_->warp_synchronised(first, mask);
  if (thread_at(first + leader).op == WarpOp::mma) {
    std::array<const MmaFragments*, warp_size> lanes;
    for (int lane = 0; lane < warp_size; ++lane)
      lanes[static_cast<std::size_t>(lane)] =
          std::bit_cast<const MmaFragments*>(thread_at(first + lane).value);
    add_products(lanes);
  }
  unsigned ballot = 0;
  for (int lane = 0; lane < warp_size; ++lane)
    if ((mask >> lane & 1) && thread_at(first + lane).value) ballot |= 1U << lane;
  for (int lane = 0; lane < warp_size; ++lane) {
    if (!(mask >> lane & 1)) continue;
    Thread& thread = thread_at(first + lane);
    const int source = source_lane(thread.op, lane, thread.argument, thread.width);
    if (thread.op == WarpOp::ballot)
      thread.result = ballot;
    else if (mask >> source & 1)
      thread.result = thread_at(first + source).value;
    else
      poison(&thread.result, sizeof thread.result);
  }
  for (int lane = 0; lane < warp_size; ++lane)
    if (mask >> lane & 1) thread_at(first + lane).state = State::ready;
}

}  // namespace simt
