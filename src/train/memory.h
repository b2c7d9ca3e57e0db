// Whether a run's memory fits the machine, checked before anything is allocated: a host grants more
// than it has and kills the program later, without a message.
#pragma once
#include <cstdint>

#include "dcgan/config.h"

namespace dcgan {

/// Throws Error naming what is needed and what there is, if a backend in host memory cannot hold
/// the networks.
void check_host_memory(const Config& config);

}  // namespace dcgan
