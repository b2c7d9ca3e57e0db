// Whether a run's memory fits the machine, checked before anything is allocated: a host grants more
// than it has and kills the program later, without a message.
#pragma once
#include <string>

#include "dcgan/config.h"

namespace dcgan {

/// Throws Error naming what is needed and what there is, if a backend in host memory cannot hold
/// the networks. root: where /proc and /sys are looked for.
void check_host_memory(const Config& config, const std::string& root = "");

}  // namespace dcgan
