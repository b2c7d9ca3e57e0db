// The two losses of a GAN and the adjoints of its logits.
#pragma once
#include "backend/backend.h"

namespace dcgan::cpu {

void gan_loss(const GanLoss& loss);

}  // namespace dcgan::cpu
