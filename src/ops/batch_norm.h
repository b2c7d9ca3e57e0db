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

/// Statistics of x, made by the layer that makes x: those of training's forward pass.
struct BatchNormStatistics {
  BatchNormShape shape;
  float *mean, *inv_std;                 ///< [channels], of this batch
  float *moving_mean, *moving_variance;  ///< [channels], into which they are blended
};

/// Sums over dy, the gradient of y, made by the layer that makes dy: gradients of the parameters.
struct BatchNormSums {
  BatchNormShape shape;
  const float *x, *y;           ///< [rows, channels]
  const float *mean, *inv_std;  ///< [channels], of the batch
  float* dy;                    ///< [rows, channels]
  float *dgamma, *dbeta;        ///< [channels]
};

Op describe(const BatchNormShape& shape, Direction direction);
/// A layer's backward-data that also makes those sums, for which it reads x and y. Their arithmetic
/// counts as batch norm's.
Op with_sums(Op backward_data, const BatchNormShape& before);

}  // namespace dcgan
