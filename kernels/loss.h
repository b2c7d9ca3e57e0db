// Both losses of a GAN and the adjoints of the logits, in one launch; all results are overwritten.
#pragma once
#include "kernels/device/device.h"
#include "ops/loss.h"

namespace dcgan::DCGAN_TARGET {

void gan_loss(const GanLoss& loss, cudaStream_t stream);

}  // namespace dcgan::DCGAN_TARGET
