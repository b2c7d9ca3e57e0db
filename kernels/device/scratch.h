// Memory that the kernels of a stream use in turn.
#pragma once
#include <algorithm>

#include "kernels/device/device.h"

namespace dcgan::DCGAN_TARGET {

struct Scratch {
  float* floats;       // of any value
  unsigned* counters;  // of blocks that have arrived; 0 before and after each launch
};

/// How much of it a layer needs.
struct ScratchSize {
  std::size_t floats = 0, counters = 0;
};
inline ScratchSize larger(const ScratchSize& a, const ScratchSize& b) {
  return {std::max(a.floats, b.floats), std::max(a.counters, b.counters)};
}

}  // namespace dcgan::DCGAN_TARGET
