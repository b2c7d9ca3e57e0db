// Adam (Kingma and Ba, 2015) as Keras computes it, over all parameters of a network at once.
#pragma once
#include <cstdint>

#include "dcgan/config.h"
#include "ops/op.h"

namespace dcgan {

/// m += (g - m)(1 - beta1); v += (g^2 - v)(1 - beta2); w -= alpha m / (sqrt(v) + epsilon)
struct AdamFactors {
  float alpha;  ///< learning_rate * sqrt(1 - beta2^t) / (1 - beta1^t)
  float one_minus_beta1, one_minus_beta2, epsilon;
};

/// One step over n contiguous parameters; t counts from 1.
struct AdamStep {
  AdamConfig config;
  std::int64_t t, n;
  const float* gradient;
  float *m, *v, *parameter;

  AdamFactors factors() const;
};

double least_bytes(const AdamStep& step);
Op describe(const AdamStep& step);

}  // namespace dcgan
