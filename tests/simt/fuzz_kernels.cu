// The program that a table describes, as a kernel; on a word of shared or of global memory.
#include "simt/fuzz_kernels.h"

#include "kernels/device/device.h"
#include "simt/machine.h"

namespace dcgan::DCGAN_TARGET {
namespace {

using test::Meeting;
using test::Step;
using test::Touch;

__device__ int run_program(const Step* steps, const Meeting* meetings, int count, int* word) {
  int sum = 0;
  for (int s = 0; s < count; ++s) {
    const int index = (s * test::fuzz_blocks + static_cast<int>(blockIdx.x)) * test::fuzz_threads +
                      static_cast<int>(threadIdx.x);
    const Step step = steps[index];
    auto* const bytes = reinterpret_cast<volatile unsigned char*>(word);
    auto* const whole = static_cast<volatile int*>(word);
    if (step.touch == Touch::read) sum += *whole;
    if (step.touch == Touch::write) *whole = s;
    if (step.touch == Touch::read_byte) sum += bytes[step.byte];
    if (step.touch == Touch::write_byte) bytes[step.byte] = static_cast<unsigned char>(s);
    const Meeting meeting = meetings[s];
    if (meeting == Meeting::half_warp) __syncwarp(threadIdx.x % 32 < 16 ? 0xffffu : 0xffff0000u);
    if (meeting == Meeting::warp) __syncwarp();
    if (meeting == Meeting::block) __syncthreads();
  }
  return sum;
}

__global__ void on_shared(const Step* steps, const Meeting* meetings, int count, int* out) {
  __shared__ int word;
  if (threadIdx.x == 0) word = 0;
  __syncthreads();
  out[blockIdx.x * test::fuzz_threads + threadIdx.x] = run_program(steps, meetings, count, &word);
}

__global__ void on_global(const Step* steps, const Meeting* meetings, int count, int* word,
                          int* out) {
  out[blockIdx.x * test::fuzz_threads + threadIdx.x] = run_program(steps, meetings, count, word);
}

template <class T>
class Array {
 public:
  explicit Array(const std::vector<T>& values) {
    const std::size_t bytes = values.size() * sizeof(T);
    DCGAN_CUDA_CHECK(cudaMalloc(&data_, bytes));
    DCGAN_CUDA_CHECK(cudaMemcpy(data_, values.data(), bytes, cudaMemcpyHostToDevice));
  }
  ~Array() { cudaFree(data_); }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  T* data() const { return data_; }

 private:
  T* data_ = nullptr;
};

std::string run(const test::Program& program, bool shared) {
  const Array<Step> steps(program.steps);
  const Array<Meeting> meetings(program.meetings);
  const Array<int> out(std::vector<int>(test::fuzz_blocks * test::fuzz_threads));
  const Array<int> word(std::vector<int>(1));
  const int count = static_cast<int>(program.meetings.size());
  try {
    if (shared)
      launch("on_shared", on_shared, test::fuzz_blocks, test::fuzz_threads, 0, nullptr,
             steps.data(), meetings.data(), count, out.data());
    else
      launch("on_global", on_global, test::fuzz_blocks, test::fuzz_threads, 0, nullptr,
             steps.data(), meetings.data(), count, word.data(), out.data());
  } catch (const DeviceError&) {  // it ran immediately
  }
  cudaDeviceSynchronize();
  const std::string failure = ::simt::failure();
  ::simt::forget_failure();
  return failure;
}

}  // namespace
}  // namespace dcgan::DCGAN_TARGET

namespace dcgan::test {

std::string run_on_shared(const Program& program) { return DCGAN_TARGET::run(program, true); }
std::string run_on_global(const Program& program) { return DCGAN_TARGET::run(program, false); }

}  // namespace dcgan::test
