// A sum of two weighted arrays: averaged weights, and points between or beside two batches.
#pragma once
#include <cstdint>

#include "ops/op.h"

namespace dcgan {

/// y[i][j] = a_factor * a_scale[i] * a[i][j] + b_factor * b[i][j]. A factor of zero does not hide
/// what is not finite.
struct WeightedSum {
  std::int64_t rows, size;  ///< with a_scale rows * size < 2^31
  float a_factor;
  const float* a_scale;  ///< [rows]; null: all 1
  const float* a;        ///< [rows, size]
  float b_factor;
  const float* b;                            ///< [rows, size]
  float* y;                                  ///< [rows, size]; may be a or b
  const float* factors_in_memory = nullptr;  ///< [2] of the device; if set, a_factor and b_factor
};

double least_bytes(const WeightedSum& sum);
Op describe(const WeightedSum& sum);

}  // namespace dcgan
