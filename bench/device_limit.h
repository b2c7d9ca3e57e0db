// A device's limits, so that a kernel's speed is a share of them.
#pragma once
#include <string>
#include <vector>

namespace dcgan::bench {

struct DeviceLimit {
  /// Bandwidth of the memory that holds up to `footprint` bytes of operands; the last holds more.
  struct Bandwidth {
    double footprint, bytes_per_s;
  };
  double flops_per_s = 0;
  std::vector<Bandwidth> memory;  // by size
  std::string source;             ///< "measured", or what they were computed from

  /// The least time for that much work on operands of `footprint` bytes.
  double seconds(double flops, double bytes, double footprint) const;
};

/// Measured: fused multiply-adds in registers, two FLOPs each, on `threads` (0: one per core).
double host_flops_per_s(int threads);
/// Measured: these, and a triad over arrays from 128 KiB to what no cache holds.
DeviceLimit host_limit(int threads);

/// Computed from the device's properties: fp32 lanes and clock, memory clock and bus; measured: its
/// L2, read by all multiprocessors.
DeviceLimit cuda_limit();

}  // namespace dcgan::bench
