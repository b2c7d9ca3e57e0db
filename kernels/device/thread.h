// Which thread of the launch this one is, as ints, and what the lanes of a warp add up.
#pragma once
#include "kernels/device/pack.h"

namespace dcgan::DCGAN_TARGET {

__device__ __forceinline__ int thread_index() { return static_cast<int>(threadIdx.x); }
__device__ __forceinline__ int lane_index() { return thread_index() % 32; }
__device__ __forceinline__ int warp_index() { return thread_index() / 32; }  // in the block

struct BlockIndex {
  int x, y, z;
};
__device__ __forceinline__ BlockIndex block_index() {
  return {static_cast<int>(blockIdx.x), static_cast<int>(blockIdx.y), static_cast<int>(blockIdx.z)};
}
/// The same, read anew: for where it is needed before and after a loop that needs all registers.
__device__ __forceinline__ BlockIndex block_index_again() {
#if defined(__CUDA_ARCH__)
  BlockIndex block;
  asm volatile("mov.u32 %0, %%ctaid.x;" : "=r"(block.x));
  asm volatile("mov.u32 %0, %%ctaid.y;" : "=r"(block.y));
  asm volatile("mov.u32 %0, %%ctaid.z;" : "=r"(block.z));
  return block;
#else
  return block_index();
#endif
}

/// Among the threads of all blocks. Offsets of 64 bits are computed from blockIdx itself: widening
/// an unsigned number is free, a signed one takes registers from the loops before.
__device__ __forceinline__ std::int64_t global_index() {
  return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

/// The first statement of every kernel. Where launches overlap, this one may have begun before the
/// one before it has ended: here it lets the next one begin, too, and waits until all that was
/// launched before has ended and is to be seen. No thread may leave without it: the next launch
/// takes it that this one has waited.
__device__ __forceinline__ void wait_for_previous_launch() {
#if !defined(__CUDACC__) || __CUDA_ARCH__ >= 900
  cudaTriggerProgrammaticLaunchCompletion();
  cudaGridDependencySynchronize();
#endif
}

/// The value of the lane whose number differs in the bits of `distance`.
template <class T>
__device__ __forceinline__ T shuffle_xor(T value, int distance) {
  return __shfl_xor_sync(0xffffffffu, value, distance);
}
template <int width>
__device__ __forceinline__ Pack<width> shuffle_xor(Pack<width> pack, int distance) {
  DCGAN_UNROLL
  for (float& value : pack.value) value = shuffle_xor(value, distance);
  return pack;
}

/// The sum over every stride-th of `lanes` neighbouring lanes, both powers of two, in the order of
/// a butterfly. All of these lanes get it; every lane of the warp calls it.
template <int lanes = 32, class T>
__device__ __forceinline__ T warp_sum(T sum, int stride = 1) {
  for (int distance = lanes / 2; distance >= stride; distance /= 2)
    sum += shuffle_xor(sum, distance);
  return sum;
}

}  // namespace dcgan::DCGAN_TARGET
