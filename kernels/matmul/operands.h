// Operands of the main loop: which value stands at (mn, k), mn being m for A and n for B. What
// depends on mn alone and what depends on k alone is worked out apart, line(mn) and step(k, k_end),
// so that values which share one share the work: the divisions that turn an index into a pixel or a
// tap are made once per slice, not once per value. (line, step) is data[line.offset + step.offset]
// where it is inside the operand, and zero elsewhere: padding, and what lies at k_end and behind.
//
// vec4: four neighbours are one 16-byte load; the caller vouches that the neighbouring axis's
// length is a multiple of four and arrays start at multiples of 16 bytes. Otherwise each value is
// checked and loaded by itself.
#pragma once
#include "kernels/device/device.h"

namespace dcgan::DCGAN_TARGET {

/// Along which of its axes an operand's values are neighbours in memory.
enum class Neighbours { along_k, along_mn };

template <class Place_, Neighbours neighbours_, bool vec4_>
struct Operand {
  using Place = Place_;  // of a line or a step
  static constexpr Neighbours neighbours = neighbours_;
  static constexpr bool vec4 = vec4_;
  const float* data;

  /// Negative offsets are outside, where the operand has no rule of its own.
  static __device__ __forceinline__ bool inside(const Place& line, const Place& step) {
    return (line.offset | step.offset) >= 0;
  }
};

/// Where a line or a step of a matrix begins; negative: outside.
struct MatrixPlace {
  int offset;
};

/// (mn, k) = data[mn * depth + k]: a matrix [extent, depth], or the transpose of one.
template <bool vec4>
struct MatrixAlongK : Operand<MatrixPlace, Neighbours::along_k, vec4> {
  int extent, depth;

  __device__ __forceinline__ MatrixPlace line(int mn) const {
    return {mn < extent ? mn * depth : -1};
  }
  __device__ __forceinline__ MatrixPlace step(int k, int k_end) const {
    return {k < k_end ? k : -1};
  }
};

/// (mn, k) = data[k * extent + mn]: a matrix [depth, extent].
template <bool vec4>
struct MatrixAlongMn : Operand<MatrixPlace, Neighbours::along_mn, vec4> {
  int extent;

  __device__ __forceinline__ MatrixPlace line(int mn) const { return {mn < extent ? mn : -1}; }
  __device__ __forceinline__ MatrixPlace step(int k, int k_end) const {
    return {k < k_end ? k * extent : -1};
  }
};

}  // namespace dcgan::DCGAN_TARGET
