#include "simt/profile/block_profile.h"

#include <algorithm>
#include <span>

#include "simt/check/block_check.h"
#include "simt/check/source_lines.h"
#include "simt/machine_state.h"
#include "simt/profile/warp_replay.h"
#include "simt/shared_memory.h"

namespace simt::profile {

__thread BlockProfile* active_profile = nullptr;

BlockProfile::BlockProfile(BlockRunner& runner) : runner_(runner), logs_(most_threads) {
  std::size_t begin = 0, end = 0;
  for (const SharedArray& array : shared_arrays()) {
    if (end == 0) begin = array.offset;
    end = std::max(end, array.offset + array.bytes);
  }
  static_begin_ = reinterpret_cast<std::uintptr_t>(thread_storage()) + begin;
  static_bytes_ = end - begin;
  dynamic_begin_ = reinterpret_cast<std::uintptr_t>(runner.dynamic_shared_memory());
  arena_begin_ = reinterpret_cast<std::uintptr_t>(machine().memory.arena());
  arena_bytes_ = machine().memory.total_bytes();
}

void BlockProfile::begin(LaunchProfile& launch) {
  launch_ = &launch;
  tally_.clear();
  for (AccessLog& log : logs_) log.clear();  // a block before may have been given up
}

void BlockProfile::resumed() {
  log_ = &logs_[static_cast<std::size_t>(runner_.current_thread())];
  stack_ = reinterpret_cast<std::uintptr_t>(runner_.stack_bottom());
  active_profile = this;
  check::looking = false;
}

void BlockProfile::suspended() {
  active_profile = nullptr;
  check::looking = true;
}

void BlockProfile::end_interval() {
  for (std::size_t first = 0; first < logs_.size(); first += warp_size)
    replay_warp(std::span<const AccessLog>(logs_).subspan(first, warp_size),
                [this](const Request& r) { tally_.add(*r.instruction, count(r)); });
  for (AccessLog& log : logs_) log.clear();
}

void BlockProfile::end() {
  check::looking = false;
  launch_->add(tally_);
}

void BlockProfile::access(const void* p, std::size_t bytes, bool write, bool aligned,
                          const void* return_address, const void* frame) {
  const auto at = reinterpret_cast<std::uintptr_t>(p);
  if (at - stack_ < FiberStacks::stack_bytes) return;  // registers, on a GPU
  Space space = Space::shared;
  if (at - arena_begin_ < arena_bytes_)
    space = Space::global;
  else if (at - static_begin_ >= static_bytes_ &&
           at - dynamic_begin_ >= BlockRunner::dynamic_shared_capacity)
    return;  // parameters and constants
  if (aligned) return note(at, bytes, write, space, return_address, frame);
  const std::size_t element = at % 4 == 0 && bytes % 4 == 0 ? 4 : 1;
  for (std::size_t i = 0; i < bytes; i += element)
    note(at + i, element, write, space, return_address, frame);
}

void BlockProfile::note(std::uintptr_t at, std::size_t bytes, bool write, Space space,
                        const void* return_address, const void* frame) {
  Event event{};
  event.address = at;
  event.place = check::place_of(return_address);
  event.depth = static_cast<std::uint16_t>(reinterpret_cast<std::uintptr_t>(frame) - stack_);
  event.bytes = static_cast<std::uint8_t>(bytes);
  event.write = write;
  event.space = space;
  log_->push_back(event);
}

void BlockProfile::enter_code(const void* return_address, const void* frame) {
  note(0, 0, false, Space::global, return_address, frame);
}

}  // namespace simt::profile
