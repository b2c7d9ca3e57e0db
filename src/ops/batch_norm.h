// Batch normalisation over rows for each of `channels`, with LeakyReLU (or nothing) behind it
// (Ioffe and Szegedy, 2015; biased variance everywhere, as Keras has it).
#pragma once
#include <cstdint>

#include "ops/epilogue.h"

namespace dcgan {

/// x and y are [rows, channels].
struct BatchNormShape {
  std::int64_t rows, channels;
  float momentum, epsilon;
  Activation activation = Activation::none;
  float slope = 0;

  /// By which negative results are multiplied.
  float negative_slope() const;
};

struct BatchNormParameters {
  const float *gamma, *beta;             ///< [channels]
  float *moving_mean, *moving_variance;  ///< [channels]
};

Op describe(const BatchNormShape& shape, Direction direction);

}  // namespace dcgan
