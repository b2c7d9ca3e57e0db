// What a launch may ask for, what a kernel's threads see, and what its barriers, warp operations
// and atomic operations do, in every order.
#include <cstring>

#include "simt/machine_test.h"

namespace simt_test {
namespace {

class Launch : public MachineTest {};

__global__ void where_am_i(unsigned* out) {
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  const unsigned threads = blockDim.x * blockDim.y * blockDim.z;
  out[block * threads + thread] += block * 1000 + thread;
}

TEST_F(Launch, RunsEveryThreadOnce) {
  for (const Settings& settings : all_orders()) {
    set_settings(settings);
    std::vector<unsigned> wanted(24 * 30, 7);
    unsigned* out = to_device(wanted);
    EXPECT_EQ(failure_of(where_am_i, dim3(2, 3, 4), dim3(5, 3, 2), out), "");
    for (unsigned i = 0; i < wanted.size(); ++i) wanted[i] += i / 30 * 1000 + i % 30;
    EXPECT_EQ(to_host(out, wanted.size()), wanted);
  }
}

__global__ void nothing() {}

TEST_F(Launch, RefusesWhatExceedsTheDevicesLimits) {
  const auto refused = [](dim3 grid, dim3 block, std::size_t shared_bytes) {
    const cudaError_t status = queue_kernel("nothing", nothing, grid, block, shared_bytes, nullptr);
    EXPECT_EQ(cudaGetLastError(), status);
    return status == cudaSuccess ? std::string() : cudaGetErrorString(status);
  };
  EXPECT_EQ(refused(1, 1024, 0), "");
  EXPECT_NE(refused(1, 1025, 0), "");
  EXPECT_NE(refused(1, dim3(32, 33), 0), "");
  EXPECT_NE(refused(1, dim3(1, 1, 65), 0), "");
  EXPECT_NE(refused(dim3(1, 65536), 1, 0), "");
  EXPECT_NE(refused(dim3(1, 1, 65536), 1, 0), "");
  EXPECT_NE(refused(0, 1, 0), "");
  EXPECT_EQ(refused(1, 1, 49152), "");
  EXPECT_NE(refused(1, 1, 49153), "");
  cudaDeviceSynchronize();
}

TEST_F(Launch, SharedMemoryAbove48KiBNeedsOptIn) {
  struct Limit {
    int capability, bytes;
  };
  // CUDA C++ Programming Guide: maximum shared memory per block of each compute capability.
  for (const Limit& limit : {Limit{75, 65536}, {80, 166912}, {89, 101376}, {90, 232448}}) {
    set_settings({Order::forward, 1, 1, limit.capability});
    EXPECT_EQ(
        cudaFuncSetAttribute(nothing, cudaFuncAttributeMaxDynamicSharedMemorySize, limit.bytes + 1),
        cudaErrorInvalidValue);
    EXPECT_EQ(
        cudaFuncSetAttribute(nothing, cudaFuncAttributeMaxDynamicSharedMemorySize, limit.bytes),
        cudaSuccess);
    EXPECT_EQ(
        queue_kernel("nothing", nothing, 1, 1, static_cast<std::size_t>(limit.bytes), nullptr),
        cudaSuccess);
  }
  cudaFuncSetAttribute(nothing, cudaFuncAttributeMaxDynamicSharedMemorySize, 49152);
}

template <int words>
__global__ void much_static_shared_memory(int* out) {
  __shared__ int memory[words];
  for (int i = 0; i < words; ++i) memory[i] = i;
  out[0] = memory[words - 1];
}

TEST_F(Launch, CountsStaticSharedMemory) {
  int* out = allocate<int>(1);
  EXPECT_EQ(failure_of(much_static_shared_memory<12288>, 1, 1, out), "");
  EXPECT_NE(failure_of(much_static_shared_memory<12289>, 1, 1, out).find("49156 bytes of static"),
            std::string::npos);
}

/// Reverses 64 values twice: through static, then through dynamic shared memory.
__global__ void reverse_twice(int* values) {
  __shared__ int memory[64];
  auto* dynamic = static_cast<int*>(dynamic_shared_memory());
  const unsigned i = threadIdx.x;
  memory[i] = values[blockIdx.x * 64 + i];
  __syncthreads();
  dynamic[63 - i] = memory[63 - i] + 1;
  __syncthreads();
  values[blockIdx.x * 64 + i] = dynamic[i];
}

TEST_F(Launch, BarriersOrderSharedMemory) {
  std::vector<int> values(64 * 9), wanted;
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int>(i * 7);
  for (const int v : values) wanted.push_back(v + 1);
  for (const Settings& settings : all_orders()) {
    set_settings(settings);
    int* memory = to_device(values);
    queue_kernel("reverse_twice", reverse_twice, 9, 64, 256, nullptr, memory);
    cudaDeviceSynchronize();
    EXPECT_EQ(failure(), "");
    EXPECT_EQ(to_host(memory, values.size()), wanted);
  }
}

__global__ void read_shared(unsigned* out) {
  __shared__ unsigned memory[32];
  auto* dynamic = static_cast<unsigned*>(dynamic_shared_memory());
  out[threadIdx.x] = memory[threadIdx.x] & dynamic[threadIdx.x];
  memory[threadIdx.x] = dynamic[threadIdx.x] = 0;
}

TEST_F(Launch, MemoryStartsPoisoned) {
  unsigned* out = allocate<unsigned>(32);
  EXPECT_EQ(to_host(out, 32), std::vector<unsigned>(32, 0xFFFFDEAD));
  for (int round = 0; round < 2; ++round) {  // whatever the launch before left behind
    queue_kernel("read_shared", read_shared, 1, 32, 128, nullptr, out);
    EXPECT_EQ(to_host(out, 32), std::vector<unsigned>(32, 0xFFFFDEAD));
  }
}

/// What each kind of shuffle gives every lane.
__global__ void shuffles(int* out, int argument, int width) {
  const int lane = static_cast<int>(threadIdx.x), value = lane * 10;
  out[lane] = __shfl_sync(0xffffffffu, value, argument, width);
  out[32 + lane] = __shfl_up_sync(0xffffffffu, value, static_cast<unsigned>(argument), width);
  out[64 + lane] = __shfl_down_sync(0xffffffffu, value, static_cast<unsigned>(argument), width);
  out[96 + lane] = __shfl_xor_sync(0xffffffffu, value, argument, width);
}

TEST_F(Launch, ShufflesTakeTheRightLane) {
  for (const Settings& settings : all_orders()) {
    set_settings(settings);
    for (const int width : {4, 16, 32})
      for (const int argument : {0, 1, 3, 7, 17}) {
        int* out = allocate<int>(128);
        EXPECT_EQ(failure_of(shuffles, 1, 32, out, argument, width), "");
        const std::vector<int> got = to_host(out, 128);
        for (int lane = 0; lane < 32; ++lane) {
          const int first = lane - lane % width, last = first + width - 1;
          const auto inside = [&](int source) { return source >= first && source <= last; };
          const auto l = static_cast<std::size_t>(lane);
          EXPECT_EQ(got[l], (first + argument % width) * 10);
          EXPECT_EQ(got[32 + l], (inside(lane - argument) ? lane - argument : lane) * 10);
          EXPECT_EQ(got[64 + l], (inside(lane + argument) ? lane + argument : lane) * 10);
          EXPECT_EQ(got[96 + l], ((lane ^ argument) <= last ? lane ^ argument : lane) * 10);
        }
      }
  }
}

__global__ void half_a_warp(unsigned* ballots, unsigned* values) {
  const unsigned lane = threadIdx.x % 32;
  if (lane < 16) {
    ballots[threadIdx.x] = __ballot_sync(0x0000ffffu, lane % 3 == 0);
    values[threadIdx.x] = __shfl_sync(0x0000ffffu, threadIdx.x, 20);  // not in the mask
  } else {
    ballots[threadIdx.x] = __ballot_sync(0xffff0000u, lane % 5 == 0);
    values[threadIdx.x] = __shfl_sync(0xffff0000u, threadIdx.x, 20);
  }
}

TEST_F(Launch, MasksChooseLanes) {
  for (const Settings& settings : all_orders()) {
    set_settings(settings);
    unsigned *ballots = allocate<unsigned>(64), *values = allocate<unsigned>(64);
    EXPECT_EQ(failure_of(half_a_warp, 1, 64, ballots, values), "");
    const std::vector<unsigned> b = to_host(ballots, 64), v = to_host(values, 64);
    for (unsigned i = 0; i < 64; ++i) {
      EXPECT_EQ(b[i], i % 32 < 16 ? 0x9249u : 0x42100000u);
      EXPECT_EQ(v[i], i % 32 < 16 ? 0xFFFFDEAD : i / 32 * 32 + 20);
    }
  }
}

/// Every thread counts in four ways.
__global__ void count_threads(unsigned* counted, int* down, unsigned* wrapped, unsigned* largest) {
  const unsigned before = atomicAdd(counted, 1U);
  atomicAdd(down, -3);
  atomicInc(wrapped, 99);
  if (before == gridDim.x * blockDim.x - 1) atomicExch(largest, before);
}

TEST_F(Launch, AtomicOperationsMissNoThread) {
  for (const Settings& settings : all_orders()) {
    set_settings(settings);
    unsigned* words = to_device(std::vector<unsigned>(4));
    auto* down = reinterpret_cast<int*>(words + 1);
    EXPECT_EQ(failure_of(count_threads, 50, 128, words, down, words + 2, words + 3), "");
    EXPECT_EQ(to_host(words, 4), (std::vector<unsigned>{6400, 0U - 3 * 6400, 0, 6399}));
  }
}

__global__ void increment(unsigned* word, unsigned most, unsigned* before) {
  *before = atomicInc(word, most);
}

TEST_F(Launch, AtomicIncWrapsAfterTheMost) {
  struct Increment {
    unsigned word, most, wanted;
  };
  for (const auto& [word, most, wanted] :
       {Increment{0, 0, 0}, {0, 2, 1}, {1, 2, 2}, {2, 2, 0}, {7, 2, 0}, {~0U, ~0U, 0}}) {
    unsigned* words = to_device(std::vector<unsigned>{word, 0});
    EXPECT_EQ(failure_of(increment, 1, 1, words, most, words + 1), "");
    EXPECT_EQ(to_host(words, 2), (std::vector<unsigned>{wanted, word}));
  }
}

/// Two launches in a row with one counter: the last block of each adds what all have written.
__global__ void add_in_last_block(int* partials, int* sums, unsigned* counter) {
  __shared__ bool last;
  partials[blockIdx.x * 64 + threadIdx.x] += static_cast<int>(blockIdx.x * threadIdx.x);
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    last = atomicInc(counter, gridDim.x - 1) == gridDim.x - 1;
    __threadfence();
  }
  __syncthreads();
  if (!last) return;
  for (unsigned b = 0; b < gridDim.x; ++b) sums[threadIdx.x] += partials[b * 64 + threadIdx.x];
}

TEST_F(Launch, TheLastBlockSeesWhatAllHaveWritten) {
  std::vector<int> wanted;
  for (int t = 0; t < 64; ++t) wanted.push_back((1 + 2) * t * 100 * 99 / 2);
  for (const Settings& settings : all_orders()) {
    set_settings(settings);
    int* partials = to_device(std::vector<int>(100 * 64));
    int* sums = to_device(std::vector<int>(64));
    unsigned* counter = to_device(std::vector<unsigned>(1));
    for (int round = 0; round < 2; ++round)
      EXPECT_EQ(failure_of(add_in_last_block, 100, 64, partials, sums, counter), "");
    EXPECT_EQ(to_host(sums, 64), wanted);
    EXPECT_EQ(to_host(counter, 1), std::vector<unsigned>{0});
  }
}

// Wrong kernels. `line` is where the report must point.

constexpr int divergent_line = __LINE__ + 4;
__global__ void divergent_barrier(int* out) {
  out[threadIdx.x] = 1;
  if (threadIdx.x < 40)
    __syncthreads();
  else
    __syncthreads();
}

constexpr int early_line = __LINE__ + 3;
__global__ void early_return(int* out) {
  if (threadIdx.x == 5) return;
  __syncthreads();
  out[threadIdx.x] = 1;
}

constexpr int lane_line = __LINE__ + 3;
__global__ void missing_lane(unsigned* out) {
  if (threadIdx.x == 9) return;
  out[threadIdx.x] = __ballot_sync(0xffffffffu, 1);
}

constexpr int own_line = __LINE__ + 1;
__global__ void not_in_own_mask(unsigned* out) { out[threadIdx.x] = __ballot_sync(0xfffffffeu, 1); }

constexpr int barrier_line = __LINE__ + 4, warp_line = __LINE__ + 6;
__global__ void barrier_against_warp(unsigned* out) {
  out[threadIdx.x] = 0;
  if (threadIdx.x == 3)
    __syncthreads();
  else
    __syncwarp();
}

TEST_F(Launch, ViolationsNameThreadsAndLines) {
  struct Wrong {
    void (*kernel)(unsigned*);
    std::vector<std::string> words;
  };
  const auto at = [](int line) { return "launch_test.cpp:" + std::to_string(line); };
  for (const Settings& settings : all_orders()) {
    const auto expect = [&](const std::string& text, const std::vector<std::string>& words) {
      for (const std::string& word : words)
        EXPECT_NE(text.find(word), std::string::npos) << word << " is missing in: " << text;
      forget_failure();
    };
    set_settings(settings);
    int* out = allocate<int>(64);
    auto* bits = reinterpret_cast<unsigned*>(out);
    expect(failure_of(divergent_barrier, 1, 64, out),
           {"kernel kernel: block (0,0,0): ", at(divergent_line), at(divergent_line + 2)});
    expect(failure_of(early_return, 1, 64, out), {at(early_line), "thread (5,0,0) has returned"});
    expect(failure_of(missing_lane, 1, 64, bits),
           {at(lane_line), "thread (9,0,0), which has returned"});
    expect(failure_of(not_in_own_mask, 1, 32, bits),
           {at(own_line), "thread (0,0,0) is not in the mask"});
    expect(failure_of(barrier_against_warp, 1, 32, bits), {at(barrier_line), at(warp_line)});
  }
}

TEST_F(Launch, EveryCallReturnsAFailureUntilItIsForgotten) {
  int* out = allocate<int>(64);
  failure_of(early_return, 1, 64, out);
  int* more = nullptr;
  EXPECT_EQ(cudaMalloc(&more, 4), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorLaunchFailure);
  EXPECT_EQ(failure(), cudaGetErrorString(cudaErrorLaunchFailure));
  forget_failure();
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
}

__global__ void write_behind(char* memory, int at) { memory[at] = 1; }

TEST_F(Launch, FreeingReportsWritesInTheRedZones) {
  for (const int at : {-1, 400}) {
    char* memory = nullptr;
    cudaMalloc(&memory, 400);
    EXPECT_EQ(failure_of(write_behind, 1, 1, memory, at), "");
    cudaFree(memory);
    EXPECT_NE(failure().find("an allocation of 400 bytes"), std::string::npos) << at;
    forget_failure();
  }
}

}  // namespace
}  // namespace simt_test
