// The innermost arithmetic of a matrix product: a thread's 8 x 8 sums, which live in registers.
#pragma once
#include "kernels/device/device.h"

namespace dcgan::DCGAN_TARGET {

/// sum[i][j] += row[i] * column[j]
__device__ __forceinline__ void add_outer_product(float (&sum)[8][8], const float (&row)[8],
                                                  const float (&column)[8]) {
#if defined(__CUDACC__)
  DCGAN_UNROLL
  for (int i = 0; i < 8; ++i) {
    DCGAN_UNROLL
    for (int j = 0; j < 8; ++j) sum[i][j] += row[i] * column[j];
  }
#else
  // The host compiler makes scalar code of the loops above.
  typedef float Eight __attribute__((vector_size(32), may_alias, aligned(4)));
  const Eight columns = *reinterpret_cast<const Eight*>(column);
  for (int i = 0; i < 8; ++i) {
    Eight& sums = *reinterpret_cast<Eight*>(sum[i]);
    sums = row[i] * columns + sums;
  }
#endif
}

}  // namespace dcgan::DCGAN_TARGET
