// Blocks that share a piece of work, which the last of them to arrive finishes: no second launch.
#pragma once
#include "kernels/device/thread.h"

namespace dcgan::DCGAN_TARGET {

/// Whether this block is the last of `blocks` that arrive at the counter, which is 0 before the
/// first and after the last. That block then sees what all of them have written. Every thread calls
/// it. Barriers: before the fence, which so covers what all threads wrote, and after the answer.
__device__ __forceinline__ bool arrives_last(unsigned* counter, unsigned blocks) {
  __shared__ bool last;
  __syncthreads();  // all threads of the block have written
  if (thread_index() == 0) {
    __threadfence();
    last = atomicInc(counter, blocks - 1) == blocks - 1;
    __threadfence();
  }
  __syncthreads();  // the answer is there
  return last;
}

}  // namespace dcgan::DCGAN_TARGET
