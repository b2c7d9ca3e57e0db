// The loss of a classifier and the adjoint of its logits.
#pragma once
#include "backend/backend.h"

namespace dcgan::cpu {

void softmax_loss(const SoftmaxLoss& loss);

}  // namespace dcgan::cpu
