// Whether a run's memory fits the machine, asked before anything is allocated: a host lends more
// than it has and ends the program later, without a word.
#pragma once
#include <cstdint>

#include "dcgan/config.h"

namespace dcgan {

/// Throws Error naming what is needed and what there is, if a backend in host memory cannot hold
/// the networks.
void check_host_memory(const Config& config);

}  // namespace dcgan
