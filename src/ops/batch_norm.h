// Batch normalisation over rows for each of `channels`, followed by LeakyReLU (or nothing) (Ioffe
// and Szegedy, 2015; biased variance everywhere, as in Keras).
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

  /// The factor of negative results.
  float negative_slope() const;
};

struct BatchNormParameters {
  const float *gamma, *beta;             ///< [channels]
  float *moving_mean, *moving_variance;  ///< [channels]
};

Op describe(const BatchNormShape& shape, Direction direction);

}  // namespace dcgan
