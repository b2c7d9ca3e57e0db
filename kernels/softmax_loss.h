// The loss of a classifier and the adjoint of its logits, in one launch; all results are
// overwritten.
#pragma once
#include "kernels/device/device.h"
#include "ops/softmax_loss.h"

namespace dcgan::DCGAN_TARGET {

void softmax_loss(const SoftmaxLoss& loss, cudaStream_t stream);

}  // namespace dcgan::DCGAN_TARGET
