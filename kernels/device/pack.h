// Several neighbouring floats as one access: Pack<4> is one 16-byte load or store, which wants an
// address that is a multiple of 16; Pack<1> is the path for what is not aligned.
#pragma once
#include "kernels/device/device.h"

namespace dcgan::DCGAN_TARGET {

template <int width>
struct alignas(4 * width) Pack {  // so that in shared memory too it is one access
  static_assert(width == 1 || width == 4);
  float value[width];

  static __device__ __forceinline__ Pack load(const float* p) {
    if constexpr (width == 1) {
      return {{*p}};
    } else {
      const float4 v = *reinterpret_cast<const float4*>(p);
      return {{v.x, v.y, v.z, v.w}};
    }
  }
  __device__ __forceinline__ void store(float* p) const {
    if constexpr (width == 1)
      *p = value[0];
    else
      *reinterpret_cast<float4*>(p) = make_float4(value[0], value[1], value[2], value[3]);
  }

  static __device__ __forceinline__ Pack broadcast(float x) {
    Pack all;
    DCGAN_UNROLL
    for (int i = 0; i < width; ++i) all.value[i] = x;
    return all;
  }
  __device__ __forceinline__ Pack& operator+=(Pack b) {  // a copy: of shared memory, one access
    DCGAN_UNROLL
    for (int i = 0; i < width; ++i) value[i] += b.value[i];
    return *this;
  }
  friend __device__ __forceinline__ Pack operator-(Pack a, const Pack& b) {
    DCGAN_UNROLL
    for (int i = 0; i < width; ++i) a.value[i] -= b.value[i];
    return a;
  }
  friend __device__ __forceinline__ Pack operator*(Pack a, const Pack& b) {
    DCGAN_UNROLL
    for (int i = 0; i < width; ++i) a.value[i] *= b.value[i];
    return a;
  }
  /// Adds a * b, rounded once.
  __device__ __forceinline__ void fma(const Pack& a, const Pack& b) {
    DCGAN_UNROLL
    for (int i = 0; i < width; ++i) value[i] = fmaf(a.value[i], b.value[i], value[i]);
  }
  __device__ __forceinline__ void fma(float a, const Pack& b) {  // nvcc unrolls less with broadcast
    DCGAN_UNROLL
    for (int i = 0; i < width; ++i) value[i] = fmaf(a, b.value[i], value[i]);
  }
};

/// The same for bytes: masks and pixels.
template <int width>
struct BytePack {
  static_assert(width == 1 || width == 4);
  std::uint8_t value[width];

  static __device__ __forceinline__ BytePack load(const std::uint8_t* p) {
    if constexpr (width == 1) {
      return {{*p}};
    } else {
      const uchar4 v = *reinterpret_cast<const uchar4*>(p);
      return {{v.x, v.y, v.z, v.w}};
    }
  }
};

/// Whether every row of that many floats starts at a multiple of 16 bytes, given that the first
/// does.
inline bool packs_of_four(std::int64_t row_length) { return row_length % 4 == 0; }

/// Calls run(width), a constant: 4 where packs of four are allowed, else 1.
template <class Run>
void with_width(bool of_four, const Run& run) {
  dispatch(of_four, [&](auto four) { run(std::integral_constant < int, four ? 4 : 1 > {}); });
}

}  // namespace dcgan::DCGAN_TARGET
