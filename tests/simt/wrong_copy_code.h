// Kernels with asynchronous copies and tensor cores, wrong and corrected as in wrong_device_code.h.
// All blocks have 64 threads.
#pragma once
#include "kernels/device/async_copy.h"
#include "kernels/device/tensor_core.h"

namespace dcgan::DCGAN_TARGET {
namespace {

/// Reads the second of two groups when the first has landed.
template <bool wrong>
__global__ void a_wait_too_few(const float* in, float* out) {
  __shared__ float stages[2][64];
  const unsigned t = threadIdx.x;
  for (float(&stage)[64] : stages) {
    copy_async<1>(&stage[t], in + t, true);  // @too_few_copy
    commit_copies();
  }
  wait_for_copies<wrong ? 1 : 0>();
  out[t] = stages[1][t];  // @too_few_read
  wait_for_copies<0>();
}

template <bool wrong>
__global__ void copy_in_no_group(const float* in, float* out) {
  __shared__ float tile[64];
  const unsigned t = threadIdx.x;
  copy_async<1>(&tile[t], in + t, true);  // @no_group_copy
  if constexpr (!wrong) commit_copies();
  wait_for_copies<0>();
  out[t] = tile[t];  // @no_group_read
}

/// A barrier before the wait tells nobody that the copies have landed.
template <bool wrong>
__global__ void no_barrier_after_wait(const float* in, float* out) {
  __shared__ float tile[64];
  const unsigned t = threadIdx.x;
  for (unsigned i = 0; t == 0 && i < 64; ++i)
    copy_async<1>(&tile[i], in + i, true);  // @no_barrier_copy
  commit_copies();
  if constexpr (wrong) __syncthreads();
  wait_for_copies<0>();  // @no_barrier_wait
  if constexpr (!wrong) __syncthreads();
  out[t] = tile[63 - t];  // @no_barrier_read
}

/// A wait is for the thread's own copies, not for its warp's.
template <bool wrong>
__global__ void no_syncwarp_after_wait(const float* in, float* out) {
  __shared__ float tile[64];
  const unsigned t = threadIdx.x;
  copy_async<1>(&tile[t], in + t, true);  // @no_syncwarp_copy
  commit_copies();
  wait_for_copies<0>();  // @no_syncwarp_wait
  if constexpr (!wrong) __syncwarp();
  out[t] = tile[t ^ 1];  // @no_syncwarp_read
}

/// The next slice is copied to where others still read this one.
template <bool wrong>
__global__ void stage_overwritten(const float* in, float* out) {
  __shared__ float tile[64];
  const unsigned t = threadIdx.x;
  float sum = 0;
  for (int slice = 0; slice < 2; ++slice) {
    copy_async<1>(&tile[t], in + t, true);  // @overwriting_copy
    commit_copies();
    wait_for_copies<0>();  // @overwriting_wait
    __syncthreads();
    sum += tile[63 - t];  // @overwritten_stage
    if constexpr (!wrong) __syncthreads();
  }
  out[t] = sum;
}

template <bool wrong>
__global__ void store_to_pending(const float* in, float* out) {
  __shared__ float tile[64];
  const unsigned t = threadIdx.x;
  copy_async<1>(&tile[t], in + t, true);  // @pending_copy
  commit_copies();
  if constexpr (!wrong) wait_for_copies<0>();
  tile[t] = 1;  // @pending_store
  wait_for_copies<0>();
  out[t] = tile[t];
}

/// Two copies to one place arrive in no order.
template <bool wrong>
__global__ void copied_to_twice(const float* in, float* out) {
  alignas(16) __shared__ float tile[65][4];
  const unsigned t = threadIdx.x;
  copy_async<4>(tile[t], in, true);  // @first_copy
  if constexpr (!wrong) {
    commit_copies();
    wait_for_copies<0>();
  }
  copy_async<1>(&tile[t][2], in, true);  // @second_copy
  commit_copies();
  wait_for_copies<0>();
  out[t] = tile[t][2];
}

template <bool wrong>
__global__ void never_waited_for(const float* in, float* out) {
  __shared__ float tile[64];
  const unsigned t = threadIdx.x;
  copy_async<1>(&tile[t], in + t, true);
  commit_copies();
  if (!wrong || t != 40) wait_for_copies<0>();
  out[t] = 1;
}

template <bool>
__global__ void misaligned_copy(unsigned from, unsigned to, const float* in, float* out) {
  alignas(16) __shared__ float tile[64];
  const unsigned t = threadIdx.x;
  if (t == 3) copy_async<4>(tile + to, in + from, true);  // @misaligned_copy
  commit_copies();
  wait_for_copies<0>();
  out[t] = 1;
}

/// Of what is filled with zeros nothing is read.
template <bool wrong>
__global__ void copy_past_end(const float* in, float* out) {
  __shared__ float tile[65];
  const unsigned t = threadIdx.x;
  copy_async<1>(&tile[t], in + t + 1, wrong || t < 63);  // @copy_past_end
  commit_copies();
  wait_for_copies<0>();
  out[t] = tile[t];
}

template <bool wrong>
__global__ void copy_past_shared_end(const float* in, float* out) {
  __shared__ float tile[64];
  const unsigned t = threadIdx.x;
  copy_async<1>(&tile[t + (wrong ? 1 : 0)], in + t, false);  // @copy_past_shared_end
  commit_copies();
  wait_for_copies<0>();
  __syncthreads();
  out[t] = tile[t | 1];
}

template <bool wrong>
__global__ void copy_to_global(const float* in, float* out) {
  __shared__ float tile[64];
  const unsigned t = threadIdx.x;
  copy_async<1>(wrong ? out + t : tile + t, in + t, true);  // @copy_to_global
  commit_copies();
  wait_for_copies<0>();
  if (!wrong) out[t] = tile[t];
}

template <bool wrong>
__global__ void copy_from_shared(const float* in, float* out) {
  __shared__ float from[64], to[64];
  const unsigned t = threadIdx.x;
  from[t] = 1;
  copy_async<1>(&to[t], wrong ? from + t : in + t, true);  // @copy_from_shared
  commit_copies();
  wait_for_copies<0>();
  out[t] = to[t];
}

template <bool wrong>
__global__ void missing_mma_lane(float* out) {
  const Tf32 a[1][4] = {}, b[1][2] = {};
  float c[1][1][4] = {};
  if (!wrong || threadIdx.x != 7) add_products(c, a, b);
  out[threadIdx.x] = c[0][0][0];
}

}  // namespace
}  // namespace dcgan::DCGAN_TARGET
