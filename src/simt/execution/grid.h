// A whole launch: its blocks over all workers.
#pragma once
#include <cstdint>

#include "simt/execution/block.h"

namespace simt {

/// Runs the launch's blocks, in the order and on as many workers as the settings say; returns when
/// they are done. `observer`, if not null, chooses the blocks and is told what their threads do.
/// Throws Violation: kernel, block and what its threads did.
void run_grid(const LaunchShape& shape, const KernelCall& call, const Settings& settings,
              std::uint64_t launch_number, std::size_t static_shared_limit_bytes,
              observe::LaunchObserver* observer);

}  // namespace simt
