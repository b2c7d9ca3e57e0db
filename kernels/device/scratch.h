// Memory that the kernels of a stream use in turn.
#pragma once
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

}  // namespace dcgan::DCGAN_TARGET
