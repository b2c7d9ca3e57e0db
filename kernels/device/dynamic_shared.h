// A block's dynamic shared memory: as many bytes as the launch asked for.
#pragma once
#include "kernels/device/device.h"

namespace dcgan::DCGAN_TARGET {

/// Its beginning, a multiple of 16 bytes.
__device__ __forceinline__ float* dynamic_shared() {
#if defined(__CUDACC__)
  extern __shared__ float4 dynamic_shared_memory[];
  return reinterpret_cast<float*>(dynamic_shared_memory);
#else
  return static_cast<float*>(::simt::dynamic_shared_memory());
#endif
}

}  // namespace dcgan::DCGAN_TARGET
