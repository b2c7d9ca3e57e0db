// The part of CUDA's language that kernels use, for the SIMT machine: qualifiers, built-in
// variables, shared memory, barriers, warp operations, fences and atomic operations on integers.
// Every cooperative operation carries the place of its call, so that a report can name it.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <source_location>

#include "simt/language/vector_types.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)

// A __shared__ variable is storage of the worker that runs the block. Beside each lies a red zone;
// by its name the machine finds a function's shared variables in the program's symbol table
// (memory/shared_arrays.h), to poison them when a block starts and to tell where each one ends.
#define SIMT_JOIN_(a, b) a##b
#define SIMT_JOIN(a, b) SIMT_JOIN_(a, b)
#define __shared__                                                                  \
  static thread_local constinit ::simt::RedZone SIMT_JOIN(simt_red_zone_, __LINE__) \
      __attribute__((used)){};                                                      \
  static thread_local

// Code of the machine that is compiled into instrumented kernels.
#define SIMT_OWN __attribute__((no_sanitize("thread")))

namespace simt {

struct alignas(16) RedZone {
  unsigned char bytes[32];
};

// Set by the machine whenever a kernel's thread resumes; constant while it runs.
#if defined(SIMT_SETS_BUILT_IN_VARIABLES)
#define SIMT_BUILT_IN extern __thread
#else
#define SIMT_BUILT_IN extern const __thread
#endif
SIMT_BUILT_IN uint3 threadIdx, blockIdx;
SIMT_BUILT_IN dim3 blockDim, gridDim;
#undef SIMT_BUILT_IN
constexpr int warpSize = 32;

#if defined(__cpp_lib_source_location)
using Place = std::source_location;
#else  // clang before 16
struct Place {
  const char* file = "";
  unsigned row = 0;
  static constexpr Place current(const char* file = __builtin_FILE(),
                                 unsigned row = __builtin_LINE()) {
    return {file, row};
  }
  constexpr const char* file_name() const { return file; }
  constexpr unsigned line() const { return row; }
};
#endif

// call_text.h has their names in this order.
enum class WarpOp : std::uint8_t {
  sync,
  shuffle,
  shuffle_up,
  shuffle_down,
  shuffle_xor,
  ballot,
  mma
};

/// __syncthreads.
void block_barrier(const Place& place);
/// A warp operation of every lane in `mask`. Shuffles give the source lane's value (poison where
/// there is none in the mask); a ballot gives the lanes whose value is not zero.
std::uint64_t warp_operation(WarpOp op, unsigned mask, std::uint64_t value, unsigned argument,
                             int width, const Place& place);

/// A lane's registers in C[i][j] += A[i] * B[j] for all i < rows, j < columns, each a product of
/// 16 x 8 and 8 x 8 values as mma.sync.m16n8k8 computes it; a and b hold tf32 values.
struct MmaFragments {
  int rows, columns;
  const float* a;  // [rows][4]
  const float* b;  // [columns][2]
  float* c;        // [rows][columns][4]
};
/// rows * columns mma.sync.m16n8k8 of a whole warp.
void mma_operation(const MmaFragments& fragments, const Place& place);

/// cp.async: begins to copy `bytes`, 4, 8 or 16, from global to shared memory, of which those from
/// `source_bytes` on become zeros. Lands at the wait that covers it, no earlier.
void async_copy(void* shared, const void* global, unsigned bytes, unsigned source_bytes);
/// cp.async.commit_group: the thread's copies since the last one are a group.
void commit_async_copies();
/// cp.async.wait_group: all of the thread's groups but the last `pending` land.
void wait_for_async_copies(unsigned pending);

/// The dynamic shared memory of the running block.
void* dynamic_shared_memory();

/// What atomicAdd, atomicInc and atomicExch do to a word.
enum class AtomicOp : std::uint8_t { add, increment, exchange };

/// One of them, on a word of device memory; what the word was before.
unsigned atomic_operation(AtomicOp op, unsigned* word, unsigned operand);
/// __threadfence.
void device_fence();
/// cudaGridDependencySynchronize.
void wait_for_earlier_launches();

template <class T>
SIMT_OWN T shuffle(WarpOp op, unsigned mask, T value, unsigned argument, int width,
                   const Place& place) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "what CUDA's shuffles take");
  std::uint64_t bits = 0;
  __builtin_memcpy(&bits, &value, sizeof(T));
  bits = warp_operation(op, mask, bits, argument, width, place);
  __builtin_memcpy(&value, &bits, sizeof(T));
  return value;
}

}  // namespace simt

using simt::blockDim;
using simt::blockIdx;
using simt::gridDim;
using simt::threadIdx;
using simt::warpSize;

SIMT_OWN inline void __syncthreads(simt::Place place = simt::Place::current()) {
  simt::block_barrier(place);
}
SIMT_OWN inline void __syncwarp(unsigned mask = 0xffffffffu,
                                simt::Place place = simt::Place::current()) {
  simt::warp_operation(simt::WarpOp::sync, mask, 0, 0, 32, place);
}
template <class T>
SIMT_OWN T __shfl_sync(unsigned mask, T value, int lane, int width = 32,
                       simt::Place place = simt::Place::current()) {
  return simt::shuffle(simt::WarpOp::shuffle, mask, value, static_cast<unsigned>(lane), width,
                       place);
}
template <class T>
SIMT_OWN T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32,
                          simt::Place place = simt::Place::current()) {
  return simt::shuffle(simt::WarpOp::shuffle_up, mask, value, delta, width, place);
}
template <class T>
SIMT_OWN T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,
                            simt::Place place = simt::Place::current()) {
  return simt::shuffle(simt::WarpOp::shuffle_down, mask, value, delta, width, place);
}
template <class T>
SIMT_OWN T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32,
                           simt::Place place = simt::Place::current()) {
  return simt::shuffle(simt::WarpOp::shuffle_xor, mask, value, static_cast<unsigned>(lane_mask),
                       width, place);
}
SIMT_OWN inline unsigned __ballot_sync(unsigned mask, int predicate,
                                       simt::Place place = simt::Place::current()) {
  return static_cast<unsigned>(
      simt::warp_operation(simt::WarpOp::ballot, mask, predicate != 0, 0, 32, place));
}

SIMT_OWN inline void __threadfence() { simt::device_fence(); }
// Launches run one after the other; check mode sees to it that a kernel would wait if they did not.
SIMT_OWN inline void cudaTriggerProgrammaticLaunchCompletion() {}
SIMT_OWN inline void cudaGridDependencySynchronize() { simt::wait_for_earlier_launches(); }
// Inlined, so that a report names the kernel's line. Floats are never added atomically: their sum
// would depend on the order.
__forceinline__ unsigned atomicAdd(unsigned* word, unsigned value) {
  return simt::atomic_operation(simt::AtomicOp::add, word, value);
}
__forceinline__ int atomicAdd(int* word, int value) {
  return static_cast<int>(simt::atomic_operation(
      simt::AtomicOp::add, reinterpret_cast<unsigned*>(word), static_cast<unsigned>(value)));
}
/// One more, and 0 after `most`.
__forceinline__ unsigned atomicInc(unsigned* word, unsigned most) {
  return simt::atomic_operation(simt::AtomicOp::increment, word, most);
}
__forceinline__ unsigned atomicExch(unsigned* word, unsigned value) {
  return simt::atomic_operation(simt::AtomicOp::exchange, word, value);
}
