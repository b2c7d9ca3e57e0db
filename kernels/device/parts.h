// Sums that were made in parts, each part an array of its own.
#pragma once
#include "kernels/device/pack.h"

namespace dcgan::DCGAN_TARGET {

/// sum += the packs at from, from + stride ..., `count` of them, one after the other. Several are
/// loaded before the first is added, so that their loads overlap.
template <int width>
__device__ __forceinline__ void add_packs(Pack<width>& sum, const float* from, std::int64_t stride,
                                          int count) {
  constexpr int batch = width == 1 ? 8 : 4;
  for (; count > 0; count -= batch) {
    Pack<width> terms[batch] = {};
    DCGAN_UNROLL
    for (int b = 0; b < batch; ++b) {
      if (b < count) terms[b] = Pack<width>::load(from);
      from += stride;
    }
    DCGAN_UNROLL
    for (int b = 0; b < batch; ++b)
      if (b < count) sum += terms[b];
  }
}

}  // namespace dcgan::DCGAN_TARGET
