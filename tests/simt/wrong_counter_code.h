// Kernels whose last block reads what all blocks wrote, wrong and corrected as in
// wrong_device_code.h. All blocks have 64 threads. `counter` is 0, before a launch and after.
#pragma once
#include "kernels/device/device.h"

namespace dcgan::DCGAN_TARGET {
namespace {

__device__ __forceinline__ unsigned global_thread() { return blockIdx.x * 64 + threadIdx.x; }

__device__ __forceinline__ bool is_last(unsigned ticket) { return ticket == gridDim.x - 1; }

/// For the calling thread: its value of each block's 64.
__device__ __forceinline__ void add_partials(const float* partials, float* out) {
  float sum = 0;
  for (unsigned b = 0; b < gridDim.x; ++b) sum += partials[b * 64 + threadIdx.x];  // @partials_read
  out[threadIdx.x] = sum;
}

template <bool wrong>
__global__ void no_fence_before_counter(float* partials, float* out, unsigned* counter) {
  __shared__ bool last;
  partials[global_thread()] = 1;  // @no_fence_write
  __syncthreads();                // thread 0's fence covers what the whole block has written
  if (threadIdx.x == 0) {
    if constexpr (!wrong) __threadfence();
    last = is_last(atomicInc(counter, gridDim.x - 1));
    __threadfence();
  }
  __syncthreads();
  if (last) add_partials(partials, out);
}

template <bool wrong>
__global__ void fence_before_write(float* partials, float* out, unsigned* counter) {
  __shared__ bool last;
  if (wrong) __threadfence();
  partials[global_thread()] = 1;  // @early_fence_write
  if (!wrong) __threadfence();    // each thread's own covers what it wrote
  __syncthreads();
  if (threadIdx.x == 0) last = is_last(atomicInc(counter, gridDim.x - 1));
  __syncthreads();
  __threadfence();
  if (last) add_partials(partials, out);
}

template <bool wrong>
__global__ void no_barrier_before_fence(float* partials, float* out, unsigned* counter) {
  __shared__ bool last;
  partials[global_thread()] = 1;  // @uncovered_write
  if constexpr (!wrong) __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    last = is_last(atomicInc(counter, gridDim.x - 1));
    __threadfence();
  }
  __syncthreads();
  if (last) add_partials(partials, out);
}

/// Half a warp per block: the lanes meet without a barrier.
template <bool wrong>
__global__ void no_warp_meeting_before_fence(float* partials, float* out, unsigned* counter) {
  const unsigned lane = threadIdx.x;
  unsigned ticket = 0;
  partials[blockIdx.x * 16 + lane] = 1;  // @unmet_write
  if constexpr (!wrong) __syncwarp(0xffff);
  if (lane == 0) {
    __threadfence();
    ticket = atomicInc(counter, gridDim.x - 1);
    __threadfence();
  }
  __syncwarp(0xffff);
  ticket = __shfl_sync(0xffff, ticket, 0);
  if (!is_last(ticket)) return;
  for (unsigned b = 0; b < gridDim.x; ++b) out[lane] = partials[b * 16 + lane];  // @unmet_read
}

template <bool wrong>
__global__ void no_fence_after_counter(float* partials, float* out, unsigned* counter) {
  __shared__ bool last;
  partials[global_thread()] = 1;  // @unacquired_write
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    last = is_last(atomicInc(counter, gridDim.x - 1));
    if constexpr (!wrong) __threadfence();
  }
  __syncthreads();
  if (last) add_partials(partials, out);
}

template <bool wrong>
__global__ void no_barrier_after_counter(float* partials, float* out, unsigned* counter) {
  __shared__ bool last;
  partials[global_thread()] = 1;
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    last = is_last(atomicInc(counter, gridDim.x - 1));  // @answer_store
    __threadfence();
  }
  if constexpr (!wrong) __syncthreads();
  if (last) add_partials(partials, out);  // @answer_load
}

/// Each thread has a counter of its own, and no barrier.
template <bool wrong>
__global__ void another_threads_counter(float* partials, float* out, unsigned* counters) {
  partials[global_thread()] = 1;  // @another_write
  __threadfence();
  const bool last = is_last(atomicInc(counters + threadIdx.x, gridDim.x - 1));
  __threadfence();
  if (!last) return;
  float sum = 0;
  const unsigned t = threadIdx.x ^ (wrong ? 1 : 0);
  for (unsigned b = 0; b < gridDim.x; ++b) sum += partials[b * 64 + t];  // @another_read
  out[threadIdx.x] = sum;
}

/// Pairs of blocks meet at a counter of their own, the last of each pair at the first counter.
template <bool wrong>
__global__ void no_fence_between_counters(float* partials, float* out, unsigned* counters) {
  __shared__ bool last;
  partials[global_thread()] = 1;  // @paired_write
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    last = atomicInc(counters + 1 + blockIdx.x / 2, 1) == 1;
    if constexpr (!wrong) __threadfence();  // passes on what the other of the pair wrote
    if (last) last = atomicInc(counters, gridDim.x / 2 - 1) == gridDim.x / 2 - 1;
    __threadfence();
  }
  __syncthreads();
  if (last) add_partials(partials, out);
}

/// All blocks add what they find, where the last one should alone.
template <bool wrong>
__global__ void every_block_is_last(float* partials, float* out, unsigned* counter) {
  __shared__ bool last;
  partials[global_thread()] = 1;  // @every_block_write
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    last = is_last(atomicInc(counter, gridDim.x - 1));
    __threadfence();
  }
  __syncthreads();
  if (last || wrong) add_partials(partials, out + blockIdx.x * 64);
}

/// Block 0 reads what the others count; the corrected one takes part in the counting.
template <bool wrong>
__global__ void reader_without_ticket(float* partials, float* out, unsigned* counter) {
  __shared__ bool last;
  if (wrong && blockIdx.x == 0) {
    add_partials(partials, out);
    return;
  }
  partials[global_thread()] = 1;  // @without_ticket_write
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    last = is_last(atomicInc(counter, wrong ? gridDim.x - 2 : gridDim.x - 1));
    __threadfence();
  }
  __syncthreads();
  if (last) add_partials(partials, out);
}

template <bool wrong>
__global__ void plain_read_of_counter(float* out, unsigned* counter) {
  if (threadIdx.x == 0) atomicInc(counter, gridDim.x - 1);  // @counted_up
  __syncthreads();
  unsigned now = 0;
  if constexpr (wrong)
    now = *counter;  // @peek
  else
    now = atomicAdd(counter, 0U);
  out[global_thread()] = static_cast<float>(now);
}

/// The first block sets the counter, instead of the launch before.
template <bool wrong>
__global__ void set_by_first_block(float*, unsigned* counter) {
  if (wrong && blockIdx.x == 0 && threadIdx.x == 0) *counter = 0;  // @counter_set
  __syncthreads();
  if (threadIdx.x == 0) atomicInc(counter, gridDim.x - 1);  // @counter_used
}

template <bool wrong>
__global__ void counter_not_reset(float*, unsigned* counter) {
  if (threadIdx.x != 0) return;
  const bool last = is_last(atomicAdd(counter, 1U));  // @not_reset
  if (last && !wrong) *counter = 0;                   // no other block comes
}

template <bool wrong>
__global__ void int_counter_not_reset(float*, unsigned* counter) {
  auto* const votes = reinterpret_cast<int*>(counter);
  if (threadIdx.x != 0) return;
  atomicAdd(votes, -2);  // @int_not_reset
  if (!wrong) atomicAdd(votes, 2);
}

template <bool wrong>
__global__ void wraps_too_late(float*, unsigned* counter) {
  if (threadIdx.x == 0) atomicInc(counter, gridDim.x - (wrong ? 0 : 1));  // @wraps_too_late
}

template <bool wrong>
__global__ void left_exchanged(float*, unsigned* counter) {
  if (threadIdx.x != 0) return;
  atomicExch(counter, 5U);  // @left_exchanged
  if (!wrong) atomicExch(counter, 0U);
}

template <bool wrong>
__global__ void counter_in_shared_memory(float* out, unsigned* counter) {
  __shared__ unsigned votes;
  if (threadIdx.x == 0) votes = 0;
  __syncthreads();
  atomicInc(wrong ? &votes : counter, gridDim.x * 64 - 1);  // @shared_counter
  __syncthreads();
  if (threadIdx.x == 0) out[blockIdx.x] = static_cast<float>(votes);
}

template <bool wrong>
__global__ void counter_past_end(float*, unsigned* counter) {
  if (threadIdx.x == 0) atomicInc(counter + (wrong ? 64 : 0), gridDim.x - 1);  // @counter_past_end
}

__global__ void unwritten_counter(float*, unsigned* counter) {
  if (threadIdx.x == 0) atomicInc(counter, gridDim.x - 1);  // @unwritten_counter
}

}  // namespace
}  // namespace dcgan::DCGAN_TARGET
