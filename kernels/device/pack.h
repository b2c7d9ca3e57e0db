// Several neighbouring floats as one access: Pack<4> is one 16-byte load or store, which wants an
// address that is a multiple of 16; Pack<1> is the path for what is not aligned.
#pragma once
#include "kernels/device/device.h"

namespace dcgan::DCGAN_TARGET {

template <int width>
struct Pack;

template <>
struct alignas(16) Pack<4> {  // so that in shared memory too it is one access
  float value[4];

  static __device__ __forceinline__ Pack load(const float* p) {
    const float4 v = *reinterpret_cast<const float4*>(p);
    return {{v.x, v.y, v.z, v.w}};
  }
  __device__ __forceinline__ void store(float* p) const {
    *reinterpret_cast<float4*>(p) = make_float4(value[0], value[1], value[2], value[3]);
  }
};

template <>
struct Pack<1> {
  float value[1];

  static __device__ __forceinline__ Pack load(const float* p) { return {{*p}}; }
  __device__ __forceinline__ void store(float* p) const { *p = value[0]; }
};

/// The same for bytes: masks and pixels.
template <int width>
struct BytePack;

template <>
struct BytePack<4> {
  std::uint8_t value[4];
  static __device__ __forceinline__ BytePack load(const std::uint8_t* p) {
    const uchar4 v = *reinterpret_cast<const uchar4*>(p);
    return {{v.x, v.y, v.z, v.w}};
  }
};

template <>
struct BytePack<1> {
  std::uint8_t value[1];
  static __device__ __forceinline__ BytePack load(const std::uint8_t* p) { return {{*p}}; }
};

/// Whether every row of that many floats starts at a multiple of 16 bytes, given that the first
/// does.
inline bool packs_of_four(std::int64_t row_length) { return row_length % 4 == 0; }

}  // namespace dcgan::DCGAN_TARGET
