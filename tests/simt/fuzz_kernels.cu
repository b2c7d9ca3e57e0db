// The program that a table describes, as a kernel; on words of shared or of global memory.
#include "simt/fuzz_kernels.h"

#include "kernels/device/device.h"
#include "simt/machine.h"

namespace dcgan::DCGAN_TARGET {
namespace {

using test::Meeting;
using test::Step;
using test::Touch;

struct Table {
  const Step* steps;
  const Meeting* meetings;
  int count;
  unsigned* tickets;
  int* out;
};

__device__ int run_program(const Table& table, int* words) {
  int sum = 0;
  for (int s = 0; s < table.count; ++s) {
    const unsigned index =
        (static_cast<unsigned>(s) * gridDim.x + blockIdx.x) * test::fuzz_threads + threadIdx.x;
    const Step step = table.steps[index];
    int* const word = words + step.word;
    auto* const bytes = reinterpret_cast<volatile unsigned char*>(word);
    auto* const whole = static_cast<volatile int*>(word);
    if (step.touch == Touch::read) sum += *whole;
    if (step.touch == Touch::write) *whole = s;
    if (step.touch == Touch::read_byte) sum += bytes[step.byte];
    if (step.touch == Touch::write_byte) bytes[step.byte] = static_cast<unsigned char>(s);
    if (step.touch == Touch::change)
      table.tickets[index] = static_cast<unsigned>(atomicAdd(word, 1));
    if (step.touch == Touch::fence) __threadfence();
    const Meeting meeting = table.meetings[s];
    if (meeting == Meeting::half_warp) __syncwarp(threadIdx.x % 32 < 16 ? 0xffffu : 0xffff0000u);
    if (meeting == Meeting::warp) __syncwarp();
    if (meeting == Meeting::block) __syncthreads();
  }
  return sum;
}

__global__ void on_shared(Table table) {
  __shared__ int words[test::fuzz_words];
  if (threadIdx.x < test::fuzz_words) words[threadIdx.x] = 0;
  __syncthreads();
  table.out[blockIdx.x * test::fuzz_threads + threadIdx.x] = run_program(table, words);
}

__global__ void on_global(Table table, int* words) {
  table.out[blockIdx.x * test::fuzz_threads + threadIdx.x] = run_program(table, words);
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
  std::vector<T> values(std::size_t count) const {
    std::vector<T> values(count);
    DCGAN_CUDA_CHECK(cudaMemcpy(values.data(), data_, count * sizeof(T), cudaMemcpyDeviceToHost));
    return values;
  }

 private:
  T* data_ = nullptr;
};

test::Outcome run(const test::Program& program, bool shared) {
  const auto blocks = static_cast<unsigned>(program.blocks);
  const Array<Step> steps(program.steps);
  const Array<Meeting> meetings(program.meetings);
  const Array<unsigned> tickets(std::vector<unsigned>(program.steps.size(), test::no_ticket));
  const Array<int> out(std::vector<int>(blocks * test::fuzz_threads));
  const Array<int> words(std::vector<int>(test::fuzz_words));
  const Table table{steps.data(), meetings.data(), static_cast<int>(program.meetings.size()),
                    tickets.data(), out.data()};
  try {
    if (shared)
      launch("on_shared", on_shared, blocks, test::fuzz_threads, 0, nullptr, table);
    else
      launch("on_global", on_global, blocks, test::fuzz_threads, 0, nullptr, table, words.data());
  } catch (const DeviceError&) {  // it ran immediately
  }
  cudaDeviceSynchronize();
  const std::string failure = ::simt::failure();
  ::simt::forget_failure();
  return {failure, tickets.values(program.steps.size())};
}

}  // namespace
}  // namespace dcgan::DCGAN_TARGET

namespace dcgan::test {

Outcome run_on_shared(const Program& program) { return DCGAN_TARGET::run(program, true); }
Outcome run_on_global(const Program& program) { return DCGAN_TARGET::run(program, false); }

}  // namespace dcgan::test
