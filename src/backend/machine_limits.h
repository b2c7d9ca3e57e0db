// What this process may use of the machine: less than all of it in a container or a service. Read
// from /proc and the control groups (versions 1 and 2), the process's own and those around it.
#pragma once
#include <cstdint>
#include <string>

namespace dcgan {

/// Processors' worth of time that the control groups grant, rounded up; 0 where nothing limits it.
/// root: where /proc and /sys are looked for.
int granted_processors(const std::string& root = "");

/// Threads to compute with: as many as are asked for; of 0, one for each processor that may be
/// used.
int processors_for(int threads);

/// Bytes that the machine has, or the least that a control group may use. The largest number where
/// nothing tells.
std::int64_t total_memory_bytes(const std::string& root = "");

/// Bytes that may still be allocated before the system swaps or ends the process. Files that a
/// group keeps in its cache count as free. The largest number where nothing tells.
std::int64_t free_memory_bytes(const std::string& root = "");

}  // namespace dcgan
