// Reassembles a warp from what its lanes did one by one: which of them execute an instruction
// together. Lanes that part at a branch stay apart until the branch's immediate post-dominator, the
// first block of code that every path from there leads through, as compilers let them on GPUs.
#pragma once
#include <functional>
#include <span>
#include <vector>

#include "simt/profile/access_log.h"

namespace simt::profile {

/// Calls `emit` with each request of a warp whose lanes did what the logs say between two barriers;
/// an empty log: no such lane.
void replay_warp(std::span<const AccessLog> lanes, const std::function<void(const Request&)>& emit);

}  // namespace simt::profile
