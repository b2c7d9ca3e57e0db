// What one warp request costs.
#pragma once
#include <array>
#include <cstdint>

#include "simt/execution/block.h"
#include "simt/profile/access_log.h"

namespace simt::profile {

/// One instruction of a warp; lanes in rising order.
struct Request {
  const LogEntry* instruction = nullptr;  // any lane's
  int lanes = 0;
  std::array<std::uint64_t, warp_size> address;
  std::array<std::uint8_t, warp_size> lane;

  void add(int which_lane, const LogEntry& event) {
    instruction = &event;
    address[static_cast<std::size_t>(lanes)] = event.address;
    lane[static_cast<std::size_t>(lanes++)] = static_cast<std::uint8_t>(which_lane);
  }
};

Counts count(const Request& request);

}  // namespace simt::profile
