#include "simt/profile/block_profile.h"

#include <span>

#include "simt/machine_state.h"
#include "simt/memory/shared_arrays.h"
#include "simt/observe/source_lines.h"
#include "simt/profile/warp_replay.h"

namespace simt::profile {

BlockProfile::BlockProfile(BlockRunner& runner)
    : BlockObserver(true), runner_(runner), logs_(most_threads) {
  if (const std::vector<SharedArray>& arrays = shared_arrays(); !arrays.empty()) {
    static_begin_ = reinterpret_cast<std::uintptr_t>(thread_storage()) + arrays.front().offset;
    static_bytes_ = arrays.back().offset + arrays.back().bytes - arrays.front().offset;
  }
  dynamic_begin_ = reinterpret_cast<std::uintptr_t>(runner.dynamic_shared_memory());
  arena_begin_ = reinterpret_cast<std::uintptr_t>(machine().memory.arena());
  arena_bytes_ = machine().memory.total_bytes();
}

void BlockProfile::begin(LaunchProfile& launch) {
  launch_ = &launch;
  tally_.clear();
  for (AccessLog& log : logs_) log.clear();  // the last block may have been abandoned
}

void BlockProfile::thread_resumed() {
  log_ = &logs_[static_cast<std::size_t>(runner_.current_thread())];
}

std::string BlockProfile::interval_ended() {
  for (std::size_t first = 0; first < logs_.size(); first += warp_size)
    replay_warp(std::span<const AccessLog>(logs_).subspan(first, warp_size),
                [this](const Request& r) { tally_.add(*r.instruction, count(r)); });
  for (AccessLog& log : logs_) log.clear();
  return "";
}

void BlockProfile::block_ended() { launch_->add(tally_); }

void BlockProfile::access(const observe::MemoryAccess& a) {
  const std::uintptr_t at = a.address;
  Space space = Space::shared;
  if (at - arena_begin_ < arena_bytes_)
    space = Space::global;
  else if (at - static_begin_ >= static_bytes_ &&
           at - dynamic_begin_ >= BlockRunner::dynamic_shared_capacity)
    return;  // parameters and constants
  if (a.aligned) return note(at, a.bytes, a.write, space, a.return_address, a.frame);
  // One element at a time, as a GPU accesses a type without the alignment.
  const std::size_t element = at % 4 == 0 && a.bytes % 4 == 0 ? 4 : 1;
  for (std::size_t i = 0; i < a.bytes; i += element)
    note(at + i, element, a.write, space, a.return_address, a.frame);
}

/// A load and a store.
unsigned BlockProfile::change(const observe::MemoryAccess& a, const AtomicChange& change) {
  for (const bool write : {false, true})
    access({a.address, a.bytes, write, true, a.return_address, a.frame});
  return launch_->change(change);
}

/// A load and a store. Lanes that fill with zeros take part in the load, and ask for nothing.
void BlockProfile::copy_begun(const observe::MemoryAccess& from, const observe::MemoryAccess& to) {
  note(from.bytes > 0 ? from.address : LogEntry::nowhere, to.bytes, false, Space::global,
       to.return_address, to.frame);
  access(to);
}

void BlockProfile::note(std::uintptr_t at, std::size_t bytes, bool write, Space space,
                        const void* return_address, const void* frame) {
  LogEntry event{};
  event.address = at;
  event.place = observe::place_of(return_address);
  event.depth = static_cast<std::uint16_t>(reinterpret_cast<std::uintptr_t>(frame) - local_begin());
  event.bytes = static_cast<std::uint8_t>(bytes);
  event.write = write;
  event.space = space;
  log_->push_back(event);
}

void BlockProfile::enter_code(const void* return_address, const void* frame) {
  note(0, 0, false, Space::global, return_address, frame);
}

}  // namespace simt::profile
