// Kernels whose every request can be counted on paper, written as the product's are. A comment
// "@name" marks a line whose counts profile_test.cpp knows.
#include "simt/known_kernels.h"

#include <functional>
#include <map>
#include <stdexcept>
#include <vector>

#include "kernels/device/device.h"

namespace dcgan::DCGAN_TARGET {
namespace {

/// n a multiple of the block's shape.
__global__ void transpose_naive(int n, const float* in, float* out) {
  const int x = static_cast<int>(blockIdx.x * 32 + threadIdx.x);
  const int y = static_cast<int>(blockIdx.y * 8 + threadIdx.y);
  const float value = in[y * n + x];  // @naive_load
  out[x * n + y] = value;             // @naive_store
}

template <int pad>
__global__ void transpose_tiled(int n, const float* in, float* out) {
  __shared__ float tile[32][32 + pad];
  const int tx = static_cast<int>(threadIdx.x), ty = static_cast<int>(threadIdx.y);
  const int x0 = static_cast<int>(blockIdx.x) * 32, y0 = static_cast<int>(blockIdx.y) * 32;
  for (int j = ty; j < 32; j += 8) {
    const float value = in[(y0 + j) * n + x0 + tx];  // @tiled_load
    tile[j][tx] = value;                             // @tiled_in
  }
  __syncthreads();
  for (int j = ty; j < 32; j += 8) {
    const float value = tile[tx][j];      // @tiled_out
    out[(x0 + j) * n + y0 + tx] = value;  // @tiled_store
  }
}

__global__ void copy_strided(int stride, const float* in, float* out) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const float value = in[i * stride];  // @strided_load
  out[i] = value;                      // @strided_store
}

__global__ void copy_float4(const float4* in, float4* out) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  const float4 value = in[i];  // @float4_load
  out[i] = value;              // @float4_store
}

__global__ void copy_bytes(const std::uint8_t* in, std::uint8_t* out) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = in[i];  // @bytes
}

/// One value for all lanes of a block.
__global__ void broadcast(const float* in, float* out) {
  const float value = in[blockIdx.x];                  // @broadcast_load
  out[blockIdx.x * blockDim.x + threadIdx.x] = value;  // @broadcast_store
}

/// Pairs of floats through shared memory, and every second one back.
__global__ void pairs(const float* in, float* out) {
  __shared__ float2 tile[64];
  const unsigned lane = threadIdx.x;
  const float value = in[lane];             // @pairs_in
  tile[lane] = make_float2(value, 1);       // @pairs_store
  tile[lane + 32] = make_float2(value, 2);  // @pairs_store_high
  __syncthreads();
  const float2 pair = tile[2 * lane];  // @pairs_load
  out[lane] = pair.x + pair.y;         // @pairs_out
}

/// C [m, n] = A [m, k] B [k, n], multiples of the tile. A block: 64 x 64 of C, 256 threads with
/// 4 x 4 each.
__global__ void product_float4(int n, int k, const float* a, const float* b, float* c) {
  __shared__ __attribute__((aligned(16))) float a_slice[16][64];
  __shared__ __attribute__((aligned(16))) float b_slice[16][64];
  const int t = static_cast<int>(threadIdx.x), tx = t % 16, ty = t / 16;
  const int m0 = static_cast<int>(blockIdx.y) * 64, n0 = static_cast<int>(blockIdx.x) * 64;
  float sum[4][4] = {};
  for (int k0 = 0; k0 < k; k0 += 16) {
    const float4 va =
        *reinterpret_cast<const float4*>(a + (m0 + t / 4) * k + k0 + t % 4 * 4);  // @product_a
    const float4 vb =
        *reinterpret_cast<const float4*>(b + (k0 + t / 16) * n + n0 + tx * 4);  // @product_b
    a_slice[t % 4 * 4 + 0][t / 4] = va.x;                                       // @product_a0
    a_slice[t % 4 * 4 + 1][t / 4] = va.y;                                       // @product_a1
    a_slice[t % 4 * 4 + 2][t / 4] = va.z;                                       // @product_a2
    a_slice[t % 4 * 4 + 3][t / 4] = va.w;                                       // @product_a3
    *reinterpret_cast<float4*>(&b_slice[t / 16][tx * 4]) = vb;                  // @product_b_store
    __syncthreads();
    for (int kk = 0; kk < 16; ++kk) {
      const float4 row = *reinterpret_cast<const float4*>(&a_slice[kk][ty * 4]);  // @product_row
      const float4 column =
          *reinterpret_cast<const float4*>(&b_slice[kk][tx * 4]);  // @product_column
      const float r[4] = {row.x, row.y, row.z, row.w};
      const float s[4] = {column.x, column.y, column.z, column.w};
      for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j) sum[i][j] += r[i] * s[j];
    }
    __syncthreads();
  }
  for (int i = 0; i < 4; ++i)
    *reinterpret_cast<float4*>(c + (m0 + ty * 4 + i) * n + n0 + tx * 4) =
        make_float4(sum[i][0], sum[i][1], sum[i][2], sum[i][3]);  // @product_store
}

/// Lane l loops l % 4 + 1 times.
__global__ void rounds_differ(const float* in, float* out) {
  const int lane = static_cast<int>(threadIdx.x);
  float sum = 0;
  for (int i = 0; i <= lane % 4; ++i) sum += in[i * 32 + lane];  // @rounds_load
  out[lane] = sum;                                               // @rounds_store
}

/// All lanes loop four times; half of them load in even rounds, half in odd ones.
__global__ void turns(const float* in, float* out) {
  const int lane = static_cast<int>(threadIdx.x);
  float sum = 0;
  for (int i = 0; i < 4; ++i) {
    if ((i + lane) % 2 != 0) continue;
    sum += in[i * 32 + lane];  // @turns_load
  }
  out[lane] = sum;  // @turns_store
}

/// Two branches, which rejoin before the store.
__global__ void two_ways(const float* in, float* out) {
  const int lane = static_cast<int>(threadIdx.x);
  float value;
  if (lane < 8) {
    value = in[lane] * 2;  // @low_way
  } else {
    value = in[lane] + 1;  // @high_way
    for (int i = 0; i < lane % 3; ++i) value *= value;
  }
  out[lane] = value;  // @meeting
}

/// The first 24 lanes copy 16 bytes each to shared memory, the others fill it with zeros.
__global__ void asynchronous(const float* in, float* out) {
  __shared__ float4 tile[32];
  const unsigned lane = threadIdx.x;
  ::simt::async_copy(&tile[lane], in + 4 * lane, 16, lane < 24 ? 16 : 0);  // @asynchronous
  ::simt::commit_async_copies();
  ::simt::wait_for_async_copies(0);
  const float4 value = tile[lane];  // @arrived
  out[lane] = value.x;              // @arrived_out
}

/// Lanes count in groups of four, each with a counter of its own.
__global__ void count_lanes(unsigned* counters) {
  atomicInc(counters + threadIdx.x / 4, gridDim.x * 4 - 1);  // @count
}

/// Owns device memory.
template <class T>
class Array {
 public:
  explicit Array(std::size_t count) { DCGAN_CUDA_CHECK(cudaMalloc(&memory_, count * sizeof(T))); }
  ~Array() { cudaFree(memory_); }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  operator T*() const { return memory_; }

 private:
  T* memory_ = nullptr;
};

template <class Kernel, class... Arguments>
void run(Kernel* kernel, dim3 grid, dim3 block, const Arguments&... arguments) {
  launch("known", kernel, grid, block, 0, nullptr, arguments...);
  DCGAN_CUDA_CHECK(cudaDeviceSynchronize());
}

void transpose(void (*kernel)(int, const float*, float*), dim3 grid) {
  constexpr int n = 128;
  const Array<float> in(n * n), out(n * n);
  run(kernel, grid, dim3(32, 8), n, static_cast<const float*>(in), static_cast<float*>(out));
}

void strided(int stride, unsigned blocks) {
  const Array<float> in(std::size_t{blocks} * 256 * static_cast<unsigned>(stride));
  const Array<float> out(std::size_t{blocks} * 256);
  run(copy_strided, dim3(blocks), dim3(256), stride, static_cast<const float*>(in),
      static_cast<float*>(out));
}

void one_warp(void (*kernel)(const float*, float*)) {
  const Array<float> in(128), out(32);
  run(kernel, dim3(1), dim3(32), static_cast<const float*>(in), static_cast<float*>(out));
}

/// Throws where a counter is not 0 afterwards.
void count(unsigned blocks) {
  const Array<unsigned> counters(8);
  std::vector<unsigned> values(8);
  const std::size_t bytes = values.size() * sizeof(unsigned);
  DCGAN_CUDA_CHECK(cudaMemset(counters, 0, bytes));
  run(count_lanes, dim3(blocks), dim3(32), static_cast<unsigned*>(counters));
  DCGAN_CUDA_CHECK(cudaMemcpy(values.data(), counters, bytes, cudaMemcpyDeviceToHost));
  if (values != std::vector<unsigned>(8)) throw std::runtime_error("a counter is not reset");
}

}  // namespace
}  // namespace dcgan::DCGAN_TARGET

namespace dcgan::test {

void run_known_kernel(const std::string& name) {
  using namespace DCGAN_TARGET;
  static const std::map<std::string, std::function<void()>> kernels = {
      {"transpose_naive", [] { transpose(transpose_naive, dim3(4, 16)); }},
      {"transpose_tile_32", [] { transpose(transpose_tiled<0>, dim3(4, 4)); }},
      {"transpose_tile_33", [] { transpose(transpose_tiled<1>, dim3(4, 4)); }},
      {"copy_stride_1", [] { strided(1, 4); }},
      {"copy_stride_2", [] { strided(2, 4); }},
      {"copy_stride_8", [] { strided(8, 4); }},
      {"copy_1000_blocks", [] { strided(1, 1000); }},
      {"copy_float4",
       [] {
         const Array<float4> in(1024), out(1024);
         run(copy_float4, dim3(4), dim3(256), static_cast<const float4*>(in),
             static_cast<float4*>(out));
       }},
      {"copy_bytes",
       [] {
         const Array<std::uint8_t> in(1024), out(1024);
         run(copy_bytes, dim3(4), dim3(256), static_cast<const std::uint8_t*>(in),
             static_cast<std::uint8_t*>(out));
       }},
      {"product_float4",
       [] {
         constexpr int n = 128, k = 32;
         const Array<float> a(n * k), b(k * n), c(n * n);
         run(product_float4, dim3(2, 2), dim3(256), n, k, static_cast<const float*>(a),
             static_cast<const float*>(b), static_cast<float*>(c));
       }},
      {"broadcast",
       [] {
         const Array<float> in(4), out(1024);
         run(broadcast, dim3(4), dim3(256), static_cast<const float*>(in),
             static_cast<float*>(out));
       }},
      {"count_4_blocks", [] { count(4); }},
      {"count_1000_blocks", [] { count(1000); }},
      {"asynchronous", [] { one_warp(asynchronous); }},
      {"pairs", [] { one_warp(pairs); }},
      {"rounds_differ", [] { one_warp(rounds_differ); }},
      {"turns", [] { one_warp(turns); }},
      {"two_ways", [] { one_warp(two_ways); }},
  };
  kernels.at(name)();
}

}  // namespace dcgan::test
