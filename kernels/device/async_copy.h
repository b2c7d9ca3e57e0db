// Copies from global to shared memory that pass the registers by and arrive while the thread
// computes: cp.async. Code for compute capabilities before 8.0 has none; no kernel that copies so
// may be launched there.
#pragma once
#include "kernels/device/device.h"

namespace dcgan::DCGAN_TARGET {

/// Begins to copy `width` floats, 1 or 4; zeros where not `within`: `global` is not read then. Both
/// pointers are multiples of the copied bytes. Until this thread has waited for the copy, nobody
/// may touch `shared`; other threads may read it after a barrier behind that wait. A thread must
/// have waited for all its copies when it ends.
template <int width>
__device__ __forceinline__ void copy_async(float* shared, const float* global, bool within) {
  static_assert(width == 1 || width == 4);
  constexpr int bytes = 4 * width;
#if !defined(__CUDACC__)
  ::simt::async_copy(shared, global, bytes, within ? bytes : 0);
#elif __CUDA_ARCH__ >= 800
  const auto to = static_cast<unsigned>(__cvta_generic_to_shared(shared));
  const int source_bytes = within ? bytes : 0;
  if constexpr (width == 4)  // .cg: not through the L1 cache
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(global),
                 "r"(source_bytes)
                 : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(to), "l"(global),
                 "r"(source_bytes)
                 : "memory");
#endif
}

/// This thread's copies since the last call are a group; there may be none.
__device__ __forceinline__ void commit_copies() {
#if !defined(__CUDACC__)
  ::simt::commit_async_copies();
#elif __CUDA_ARCH__ >= 800
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

/// Waits for all of this thread's groups but the last `pending`.
template <int pending>
__device__ __forceinline__ void wait_for_copies() {
#if !defined(__CUDACC__)
  ::simt::wait_for_async_copies(pending);
#elif __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
#endif
}

}  // namespace dcgan::DCGAN_TARGET
