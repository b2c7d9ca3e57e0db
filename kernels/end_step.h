// The end of a training step, in one launch: its measures are kept, the next one's state is laid
// out.
#pragma once
#include "kernels/device/device.h"
#include "ops/end_step.h"

namespace dcgan::DCGAN_TARGET {

void end_step(const EndStep& end, cudaStream_t stream);

}  // namespace dcgan::DCGAN_TARGET
