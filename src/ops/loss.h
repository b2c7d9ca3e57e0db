// Both losses of a GAN and the adjoints of the logits.
#pragma once
#include <cstdint>

#include "ops/op.h"

namespace dcgan {

/// From logits x [2 * batch], real then fake:
/// L_D = mean bce(real, real_target) + mean bce(fake, fake_target)
/// L_G = mean bce(fake, generator_target)
/// or, relativistic (Jolicoeur-Martineau, 2018), of the pairs (real_i, fake_i):
/// L_D = mean bce(real - fake, real_target), L_G = mean bce(fake - real, generator_target)
///
/// Where the targets are 0 and 1 and the loss is not relativistic, one backward pass can serve both
/// losses: the gradient of L_G is the fake half's times ratio = (sigmoid - 1) / sigmoid =
/// -exp(-logit). Below a logit of -60 the discriminator's adjoint of that sample is held at
/// sigmoid(-60) / batch (9e-27 / batch: no float gradient it is added to can tell), so that neither
/// factor under- or overflows.
///
/// A discriminator that is told the class has a logit for each, of which codes choose (Miyato and
/// Koyama, 2018): x_i = sum of codes[i][j] * logits[i][j] over the columns j.
struct GanLoss {
  std::int64_t batch;
  float real_target, fake_target, generator_target;
  const float* logits;           ///< [2 * batch, columns]
  float* discriminator_adjoint;  ///< [2 * batch], dL_D / dx
  float* generator_adjoint;      ///< [batch], dL_G / dx of the fake half
  float* ratio;   ///< [batch], generator_adjoint / discriminator_adjoint; 0 where that is no use
  float* losses;  ///< [2]: L_G, L_D
  bool relativistic = false;
  std::int64_t columns = 1;
  const float* codes = nullptr;  ///< [2 * batch, columns]; null: one column, as it is
  float* adjoint_sum = nullptr;  ///< [1], of discriminator_adjoint: a last bias's gradient; or null
};

double least_bytes(const GanLoss& loss);
Op describe(const GanLoss& loss);

}  // namespace dcgan
