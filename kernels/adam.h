// Adam over all parameters of one network or two, in one launch. Pointers are multiples of 16
// bytes.
#pragma once
#include "kernels/device/device.h"
#include "ops/adam.h"

namespace dcgan::DCGAN_TARGET {

void adam(const AdamStep& step, cudaStream_t stream);

}  // namespace dcgan::DCGAN_TARGET
