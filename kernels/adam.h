// Adam (Kingma and Ba, 2015) as Keras computes it, over all parameters of a network in one launch.
#pragma once
#include "kernels/device/device.h"

namespace dcgan::DCGAN_TARGET {

struct AdamFactors {
  float alpha;  // learning rate * sqrt(1 - beta2^t) / (1 - beta1^t)
  float one_minus_beta1, one_minus_beta2, epsilon;
};

/// m += (g - m)(1 - beta1); v += (g^2 - v)(1 - beta2); w -= alpha m / (sqrt(v) + epsilon), for n
/// contiguous parameters. Pointers are multiples of 16 bytes.
void adam(const AdamFactors& factors, std::int64_t n, const float* gradient, float* m, float* v,
          float* parameter, cudaStream_t stream);

}  // namespace dcgan::DCGAN_TARGET
