// A batch of images from the data set on the device, shuffled, as floats of a range.
#pragma once
#include "kernels/device/device.h"
#include "ops/gather.h"

namespace dcgan::DCGAN_TARGET {

void gather(const Gather& gather, cudaStream_t stream);

}  // namespace dcgan::DCGAN_TARGET
