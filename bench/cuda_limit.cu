// The current device's limits: arithmetic and memory as the driver reports them, L2 bandwidth,
// which no driver reports, as measured.
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "bench/device_limit.h"
#include "dcgan/error.h"

namespace dcgan::bench {
namespace {

void check(cudaError_t status) {
  if (status != cudaSuccess)
    throw Error(std::string("the device's limit cannot be measured: ") +
                cudaGetErrorString(status));
}

double attribute(cudaDeviceAttr what, int device) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, what, device));
  return value;
}

/// fp32 lanes of a multiprocessor: CUDA C++ Programming Guide, "Arithmetic Instructions".
double lanes(int capability) { return capability == 75 || capability == 80 ? 64 : 128; }

/// Reads data [count] `rounds` times, all blocks together once per round, past the L1.
__global__ void read_kernel(const float4* data, std::int64_t count, int rounds, float* sink) {
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  float sum = 0;
  for (int round = 0; round < rounds; ++round) {
#pragma unroll 8
    for (std::int64_t i = first; i < count; i += stride) {
      const float4 v = __ldcg(data + i);
      sum += v.x + v.y + v.z + v.w;
    }
  }
  if (sum != 0) *sink = sum;  // the data are zeros: never, but the compiler cannot know
}

/// Bytes per second, the best of some trials, of reading the same `bytes` repeatedly.
double read_rate(std::int64_t bytes, int multiprocessors) {
  constexpr int block = 512, blocks_per_multiprocessor = 4, trials = 5;
  constexpr std::int64_t moved = std::int64_t{1} << 30;
  struct Free {
    void operator()(void* memory) const { cudaFree(memory); }
    void operator()(cudaEvent_t event) const { cudaEventDestroy(event); }
  };
  const auto event = [] {
    cudaEvent_t made = nullptr;
    check(cudaEventCreate(&made));
    return std::unique_ptr<CUevent_st, Free>(made);
  };
  const auto start = event(), end = event();
  void* memory = nullptr;
  check(cudaMalloc(&memory, bytes + sizeof(float)));
  const std::unique_ptr<void, Free> owned(memory);
  check(cudaMemset(memory, 0, bytes + sizeof(float)));
  const std::int64_t count = bytes / static_cast<std::int64_t>(sizeof(float4));
  const int rounds = static_cast<int>(std::max<std::int64_t>(1, moved / bytes));
  float least = 0;
  for (int trial = 0; trial <= trials; ++trial) {  // the first fills the cache
    check(cudaEventRecord(start.get()));
    read_kernel<<<multiprocessors * blocks_per_multiprocessor, block>>>(
        static_cast<const float4*>(memory), count, rounds, static_cast<float*>(memory) + 4 * count);
    check(cudaGetLastError());
    check(cudaEventRecord(end.get()));
    check(cudaEventSynchronize(end.get()));
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, start.get(), end.get()));
    if (trial == 1 || (trial > 1 && milliseconds < least)) least = milliseconds;
  }
  return static_cast<double>(bytes) * rounds / (least * 1e-3);
}

}  // namespace

DeviceLimit cuda_limit() {
  int device = 0;
  check(cudaGetDevice(&device));
  const int capability =
      static_cast<int>(10 * attribute(cudaDevAttrComputeCapabilityMajor, device) +
                       attribute(cudaDevAttrComputeCapabilityMinor, device));
  const double multiprocessors = attribute(cudaDevAttrMultiProcessorCount, device);
  constexpr double khz = 1e3;
  DeviceLimit limit;
  limit.flops_per_s =
      2 * lanes(capability) * multiprocessors * attribute(cudaDevAttrClockRate, device) * khz;
  // Two transfers per clock, bus width in bits.
  const double dram = 2 * attribute(cudaDevAttrMemoryClockRate, device) * khz *
                      attribute(cudaDevAttrGlobalMemoryBusWidth, device) / 8;
  const auto l2_bytes = static_cast<std::int64_t>(attribute(cudaDevAttrL2CacheSize, device));
  double best = 0;
  for (std::int64_t bytes = std::int64_t{1} << 22; bytes <= l2_bytes; bytes *= 2) {
    const double rate = read_rate(bytes, static_cast<int>(multiprocessors));
    limit.memory.push_back({static_cast<double>(bytes), std::max(rate, dram)});
    best = std::max(best, rate);
  }
  limit.memory.push_back({0, dram});
  limit.source = "from its clocks; what fits its " + std::to_string(l2_bytes >> 20) +
                 " MiB of L2 up to " + std::to_string(static_cast<int>(best * 1e-9)) +
                 " GB/s, measured";
  return limit;
}

}  // namespace dcgan::bench
