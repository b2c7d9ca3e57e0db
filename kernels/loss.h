// Both losses of a GAN and the adjoints of the logits, in one launch.
#pragma once
#include "kernels/device/device.h"

namespace dcgan::DCGAN_TARGET {

/// logits [2 * batch], real then fake. Results, all overwritten: discriminator_adjoint [2 * batch],
/// generator_adjoint [batch], ratio [batch] of the two on the fake half, losses [2]: L_G, L_D.
struct LossTensors {
  const float* logits;
  float *discriminator_adjoint, *generator_adjoint, *ratio, *losses;
};

struct LossTargets {
  float real, fake, generator;
};

/// The adjoint of a fake logit below -60 is held at that of -60 where the targets are 0 and 1, so
/// that the ratio of generator_adjoint and discriminator_adjoint stays finite.
void gan_loss(std::int64_t batch, const LossTargets& targets, const LossTensors& tensors,
              cudaStream_t stream);

}  // namespace dcgan::DCGAN_TARGET
