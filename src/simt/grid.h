// A whole launch: its blocks over all workers.
#pragma once
#include <cstdint>

#include "simt/block.h"

namespace simt {

namespace check {
class LaunchCheck;
}
namespace profile {
class LaunchProfile;
}

/// Runs all blocks of the launch, in the order and on as many workers as the settings say; returns
/// when they are done. `check`, if not null, sees all that its threads load and store; so does
/// `profile`, of which only the sampled blocks run. Throws Violation: kernel, block and what its
/// threads did.
void run_grid(const LaunchShape& shape, const KernelCall& call, const Settings& settings,
              std::uint64_t launch_number, std::size_t static_shared_limit_bytes,
              check::LaunchCheck* check, profile::LaunchProfile* profile);

}  // namespace simt
