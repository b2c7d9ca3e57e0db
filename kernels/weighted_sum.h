// The sum of two weighted arrays [rows, size], in place or not, in one launch, or two where a flat
// array's last values are no pack. Any pointers: 16 bytes at a time where all three are multiples
// of 16, and so is a scaled row. Overwrites y.
#pragma once
#include "kernels/device/device.h"
#include "ops/weighted_sum.h"

namespace dcgan::DCGAN_TARGET {

void weighted_sum(const WeightedSum& sum, cudaStream_t stream);

}  // namespace dcgan::DCGAN_TARGET
