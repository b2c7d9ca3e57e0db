// The loss of a classifier and the adjoint of its logits.
#pragma once
#include <cstdint>

#include "ops/op.h"

namespace dcgan {

/// Of each row p = softmax(logits), its loss -log p[label]. The adjoint is that of the mean loss,
/// (p - [class is the label]) / batch.
///
/// A row is right if its largest logit is the label's: the first of equal ones, as argmax has it. A
/// NaN is never the largest; its row's adjoint and the loss are NaN. A label that is no class has
/// probability 0, and makes the loss infinite.
struct SoftmaxLoss {
  std::int64_t batch, classes;
  const float* logits;  ///< [batch, classes]
  const float* labels;  ///< [batch], class indices: whole numbers, as floats
  float* adjoint;       ///< [batch, classes], d loss / d logits; null: not computed
  float* losses;        ///< [2]: the mean loss, the share of rows that are right
};

double least_bytes(const SoftmaxLoss& loss);
Op describe(const SoftmaxLoss& loss);

}  // namespace dcgan
