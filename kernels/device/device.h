// What every kernel file includes. A kernel has two targets: nvcc compiles it for the GPU, the
// host's compiler for the SIMT machine, whose own cuda_runtime.h comes first in its include path.
// Each target has a namespace of its own, DCGAN_TARGET, so that one binary can hold several.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#ifndef DCGAN_TARGET
#define DCGAN_TARGET cuda
#endif

// UNROLL: a loop that must be unrolled, because it indexes registers. UNROLL_BY: nvcc unrolls n
// rounds of the loop, so that their loads are in flight at once.
#if defined(__CUDACC__)
#define DCGAN_PRAGMA(text) _Pragma(#text)
#define DCGAN_UNROLL DCGAN_PRAGMA(unroll)
#define DCGAN_UNROLL_BY(n) DCGAN_PRAGMA(unroll n)
// Of a kernel's parameter that is indexed: it is not copied to local memory for that.
#define DCGAN_GRID_CONSTANT __grid_constant__
#else
#define DCGAN_GRID_CONSTANT
#define DCGAN_UNROLL
#define DCGAN_UNROLL_BY(n)
#endif

namespace dcgan::DCGAN_TARGET {

/// Any failure of the CUDA runtime; what() names the call and its place.
class DeviceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Whether a running kernel can cause this error: whatever is called next then reports it.
inline bool is_of_a_running_kernel(cudaError_t status) {
  return status == cudaErrorIllegalAddress || status == cudaErrorLaunchTimeout ||
         (status >= cudaErrorHardwareStackError && status <= cudaErrorLaunchFailure);
}

inline void check(cudaError_t status, const char* call, const char* file, int line) {
  if (status == cudaSuccess) return;
  std::string text = std::string(call) + " failed at " + file + ":" + std::to_string(line) + ": " +
                     cudaGetErrorString(status);
  const char* blocking = std::getenv("CUDA_LAUNCH_BLOCKING");
  if (is_of_a_running_kernel(status) && !(blocking && std::string(blocking) == "1"))
    text +=
        "; an earlier kernel may be the cause, run again with CUDA_LAUNCH_BLOCKING=1 to see which";
  throw DeviceError(text);
}
#define DCGAN_CUDA_CHECK(call) ::dcgan::DCGAN_TARGET::check((call), #call, __FILE__, __LINE__)

/// A launch's name, and for the profile its work, computed from its shape: each value read or
/// written once, multiply-adds issued, rounds of a product's main loop per block, and a thread's
/// instructions where none of these measures the work.
struct Work {
  Work(const char* name_, double bytes_ = 0, double fmas_ = 0, int slices_ = 0)
      : name(name_), bytes(bytes_), fmas(fmas_), slices(slices_) {}
  const char* name;
  double bytes, fmas;
  int slices, instructions = 0, double_instructions = 0;  // the instructions are a thread's
};

/// Whether a launch may begin while the one before it on its stream still runs, and wait for it in
/// wait_for_previous_launch(): programmatic dependent launch. Set by the backend, for its device.
inline bool launches_overlap = false;

/// Queues kernel<<<grid, block, shared_bytes, stream>>>(arguments...). Throws DeviceError where the
/// launch is refused; a failure while the kernel runs shows at a later call.
template <class... Parameters, class... Arguments>
void launch(const Work& work, void (*kernel)(Parameters...), dim3 grid, dim3 block,
            std::size_t shared_bytes, cudaStream_t stream, Arguments&&... arguments) {
#if defined(__CUDACC__)
  cudaLaunchAttribute overlap{};
  overlap.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  overlap.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  config.attrs = &overlap;
  config.numAttrs = launches_overlap ? 1 : 0;
  check(cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...), work.name,
        __FILE__, __LINE__);
#else
  ::simt::LaunchName name(
      work.name, {work.bytes, work.fmas, work.slices, work.instructions, work.double_instructions});
  name.overlaps = launches_overlap;
  check(::simt::queue_kernel(name, kernel, grid, block, shared_bytes, stream,
                             std::forward<Arguments>(arguments)...),
        work.name, __FILE__, __LINE__);
#endif
}

__host__ __device__ constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// Element counts fit 31 bits: the host checks that.
__host__ __device__ constexpr int narrow(std::int64_t n) { return static_cast<int>(n); }

/// How many blocks `count` items need, with `per_block` to a block.
inline unsigned blocks_for(std::int64_t count, std::int64_t per_block) {
  return static_cast<unsigned>(ceil_div(count, per_block));
}

/// Calls run with std::true_type or std::false_type: a host's bool chooses a template.
template <class Run>
void dispatch(bool value, const Run& run) {
  value ? run(std::true_type{}) : run(std::false_type{});
}

}  // namespace dcgan::DCGAN_TARGET
