// What a thread did between two barriers: which blocks of code it entered, and what it loaded and
// stored there; and what a warp's threads did together.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "simt/execution/block.h"
#include "simt/profile/profile.h"

namespace simt::profile {

/// An access of global or shared memory or, with no bytes, the beginning of a block of code.
struct LogEntry {
  std::uint64_t address;
  std::uint32_t place;  // in the program's code; see observe/source_lines.h
  std::uint16_t depth;  // of the call, in bytes of stack: tells calls of one function apart
  std::uint8_t bytes;
  bool write : 1;
  Space space : 1;

  static constexpr std::uint64_t nowhere = 0;  // a lane's address where it asks for nothing
  bool is_access() const { return bytes != 0; }
  /// Whether two lanes that are together do this with one instruction.
  bool same_instruction(const LogEntry& other) const {
    return place == other.place && depth == other.depth && bytes == other.bytes &&
           write == other.write && space == other.space;
  }
};

using AccessLog = std::vector<LogEntry>;

/// One instruction of a warp; lanes in rising order.
struct Request {
  const LogEntry* instruction = nullptr;  // any lane's
  int lanes = 0;
  std::array<std::uint64_t, warp_size> address;
  std::array<std::uint8_t, warp_size> lane;

  void add(int which_lane, const LogEntry& event) {
    instruction = &event;
    if (event.address == LogEntry::nowhere) return;
    address[static_cast<std::size_t>(lanes)] = event.address;
    lane[static_cast<std::size_t>(lanes++)] = static_cast<std::uint8_t>(which_lane);
  }
};

/// What it costs.
Counts count(const Request& request);

}  // namespace simt::profile
