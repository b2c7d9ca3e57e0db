// Kernels that are wrong, written as the product's are, each with its corrected twin: the template
// argument decides. A comment "@name" marks a line that a report must name.
#pragma once
#include "kernels/device/device.h"
#include "kernels/device/dynamic_shared.h"

namespace dcgan::DCGAN_TARGET {
namespace {

template <bool wrong>
__global__ void missing_barrier(const float* in, float* out) {
  __shared__ float tile[64];
  const unsigned t = threadIdx.x;
  tile[t] = in[t];  // @missing_barrier_store
  if constexpr (!wrong) __syncthreads();
  out[t] = tile[63 - t];  // @missing_barrier_load
}

template <bool wrong>
__global__ void divergent_barrier(float* out) {
  if (!wrong || threadIdx.x < 32) {
    __syncthreads();  // @divergent_barrier_low
  } else {
    __syncthreads();  // @divergent_barrier_high
  }
  out[threadIdx.x] = 1;
}

template <bool wrong>
__global__ void early_return(float* out, unsigned n) {
  if (wrong && threadIdx.x >= n) return;
  __syncthreads();  // @early_return_barrier
  if (threadIdx.x < n) out[threadIdx.x] = 1;
}

template <bool wrong>
__global__ void read_past_end(const float* in, float* out) {
  out[threadIdx.x] = in[threadIdx.x + (wrong ? 1 : 0)];  // @read_past_end
}

template <bool wrong>
__global__ void write_past_end(float* out) {
  out[threadIdx.x + (wrong ? 1 : 0)] = 1;  // @write_past_end
}

template <bool wrong>
__global__ void write_in_front(float* out) {
  const int t = static_cast<int>(threadIdx.x);
  out[t - (wrong ? 1 : 0)] = 1;  // @write_in_front
}

template <bool wrong>
__global__ void shared_read_past_end(float* out) {
  __shared__ float tile[64];
  const unsigned t = threadIdx.x;
  tile[t] = 1;
  __syncthreads();
  out[t] = tile[t + (wrong ? 1 : 0)];  // @shared_read_past_end
}

template <bool wrong>
__global__ void shared_write_past_end(float* out) {
  __shared__ float tile[64];
  const unsigned t = threadIdx.x;
  tile[t + (wrong ? 1 : 0)] = 1;  // @shared_write_past_end
  __syncthreads();
  out[t] = tile[t | 1];
}

template <bool wrong>
__global__ void overrun_into_next_array(float* out) {
  __shared__ float first[33];
  __shared__ float second[33];
  const unsigned t = threadIdx.x;
  second[t] = 2;
  if (t == 0)
    for (int i = 0; i < (wrong ? 66 : 33); ++i) first[i] = 1;  // @overrun
  __syncthreads();
  out[t] = first[t] + second[t];
}

template <bool wrong>
__global__ void dynamic_past_end(float* out) {
  float* tile = dynamic_shared();
  const unsigned t = threadIdx.x;
  tile[t + (wrong ? 1 : 0)] = 1;  // @dynamic_past_end
  __syncthreads();
  out[t] = tile[t | 1];
}

template <bool wrong>
__global__ void misaligned_read(const float* in, float* out) {
  const auto* four = reinterpret_cast<const float4*>(in + (wrong ? 1 : 4));
  const float4 v = *four;  // @misaligned_read
  out[threadIdx.x] = v.x;
}

template <bool>
__global__ void misaligned_shared_write(int offset, float* out) {
  alignas(16) __shared__ float tile[64];
  float* const at = tile + offset;
  auto* const four = reinterpret_cast<float4*>(at);
  if (threadIdx.x == 3) *four = make_float4(1, 2, 3, 4);  // @misaligned_shared_write
  __syncthreads();
  if (threadIdx.x == 0) out[0] = at[0];
}

template <bool wrong>
__global__ void unwritten_shared(float* out) {
  __shared__ float tile[64];
  const unsigned t = threadIdx.x;
  if (!wrong || t != 5) tile[t] = 1;
  __syncthreads();
  out[t] = tile[63 - t];  // @unwritten_shared
}

template <bool wrong>
__global__ void unwritten_global(const float* in, float* out) {
  const unsigned t = threadIdx.x;
  if (wrong || t != 7) out[t] = in[t];  // @unwritten_global
}

template <bool wrong>
__global__ void host_pointer(const float* in, float* out) {
  out[threadIdx.x] = in[threadIdx.x];  // @host_pointer
}

template <bool wrong>
__global__ void another_threads_local(float* out) {
  __shared__ float* pointer;
  float local[2] = {1, 2}, *mine = local;
  asm volatile("" : "+r"(mine));  // it has an address
  if (threadIdx.x == 0) pointer = mine;
  __syncthreads();
  const float* p = wrong ? pointer : mine;
  if (threadIdx.x == 1) out[0] = *p;  // @another_threads_local
  __syncthreads();
}

template <bool wrong>
__global__ void missing_mask_lane(float* out) {
  const unsigned mask = wrong ? 0x7fffffffu : 0xffffffffu;
  float sum = static_cast<float>(threadIdx.x);
  for (int distance = 16; distance > 0; distance /= 2)
    sum += __shfl_xor_sync(mask, sum, distance);  // @missing_mask_lane
  out[threadIdx.x] = sum;
}

template <bool wrong>
__global__ void too_much_static_shared(float* out) {
  __shared__ float tile[wrong ? 12289 : 12288];
  tile[threadIdx.x] = 1;
  __syncthreads();
  out[threadIdx.x] = tile[threadIdx.x];
}

template <bool wrong>
__global__ void too_much_shared_together(float* out) {
  __shared__ float tile[1024];
  const unsigned t = threadIdx.x;
  tile[t] = 1;
  dynamic_shared()[t] = 1;
  __syncthreads();
  out[t] = tile[t] + dynamic_shared()[t];
}

template <bool wrong>
__global__ void race_within_warp(const float* in, float* out) {
  __shared__ float tile[32];
  const unsigned t = threadIdx.x;
  tile[t] = in[t];  // @within_warp_store
  if constexpr (!wrong) __syncwarp();
  out[t] = tile[t ^ 1];  // @within_warp_load
}

template <bool wrong>
__global__ void overwritten_before_read(const float* in, float* out) {
  __shared__ float tile[64];
  const unsigned t = threadIdx.x;
  float sum = 0;
  for (unsigned round = 0; round < 2; ++round) {
    tile[t] = in[t] + static_cast<float>(round);  // @overwritten_store
    __syncthreads();
    sum += tile[(t + 32) % 64];  // @overwritten_load
    if constexpr (!wrong) __syncthreads();
  }
  out[t] = sum;
}

template <bool wrong>
__global__ void race_between_blocks(const float* in, float* out) {
  const unsigned i = blockIdx.x * (wrong ? 63 : 64) + threadIdx.x;
  out[i] = in[i];  // @between_blocks
}

template <bool wrong>
__global__ void neighbours_result(const float* in, float* out, float* sums) {
  const unsigned i = blockIdx.x * 64 + threadIdx.x;
  out[i] = in[i];  // @neighbours_store
  __syncthreads();
  sums[i] = out[i] + (wrong ? out[(i + 64) % 128] : 0);  // @neighbours_load
}

__global__ void dynamic_without_opt_in(float* out) { out[threadIdx.x] = 1; }

__global__ void double_all(const float* in, float* out) {
  const unsigned i = blockIdx.x * 64 + threadIdx.x;
  out[i] = 2 * in[i];  // @double_all
}

template <bool wrong>
__global__ void reads_before_it_waits(const float* in, float* out) {
  const float early = wrong ? in[threadIdx.x] : 0;  // @reads_before_it_waits
  cudaTriggerProgrammaticLaunchCompletion();
  cudaGridDependencySynchronize();
  out[threadIdx.x] = wrong ? early : in[threadIdx.x];
}

/// Threads that have nothing to do must wait as well: the launch ends with them.
template <bool wrong>
__global__ void leaves_without_waiting(float* out, unsigned n) {
  if (wrong && threadIdx.x >= n) return;
  cudaGridDependencySynchronize();
  if (threadIdx.x < n) out[threadIdx.x] = 1;
}

}  // namespace
}  // namespace dcgan::DCGAN_TARGET
