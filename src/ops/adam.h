// Adam (Kingma and Ba, 2015) as Keras computes it, over all parameters of a network at once, or of
// two.
#pragma once
#include <cstdint>
#include <vector>

#include "dcgan/config.h"
#include "ops/op.h"

namespace dcgan {

/// m += (g - m)(1 - beta1); v += (g^2 - v)(1 - beta2); w -= alpha m / (sqrt(v) + epsilon)
struct alignas(16) AdamFactors {
  float alpha;  ///< learning_rate * sqrt(1 - beta2^t) / (1 - beta1^t)
  float one_minus_beta1, one_minus_beta2, epsilon;
};

/// Of step t, from 1.
AdamFactors adam_factors(const AdamConfig& config, std::int64_t t);

/// The gradient of parameters [offset, offset + n) as the sum of `count` arrays, which follow one
/// another: what a product leaves whose sum was split. All are multiples of 4.
struct GradientParts {
  std::int64_t offset = 0, n = 0;
  const float* data = nullptr;
  int count = 0;
};

/// A network's contiguous parameters.
struct AdamPart {
  const AdamFactors* factors = nullptr;  ///< in device memory, as they change from step to step
  std::int64_t n = 0;                    ///< a multiple of 4
  const float* gradient = nullptr;
  float *m = nullptr, *v = nullptr, *parameter = nullptr;
  std::vector<GradientParts> in_parts{};  ///< in place of `gradient`; their order is that of memory
};

struct AdamStep {
  AdamPart first;
  AdamPart second{};

  std::int64_t n() const;  ///< of both
};

double least_bytes(const AdamStep& step);
Op describe(const AdamStep& step);

}  // namespace dcgan
