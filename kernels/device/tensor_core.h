// Products on tensor cores: mma.sync.m16n8k8 of tf32 values, sums in float. Code for compute
// capabilities before 8.0 has none; no kernel that multiplies so may be launched there.
//
// A is 16 x 8, B 8 x 8, C 16 x 8, dealt out over the lanes of a warp. With group = lane / 4 and
// in_group = lane % 4, a lane holds
//
//   A   rows group and group + 8 (registers 0 and 1, 2 and 3), columns in_group (0 and 1) and
//       in_group + 4 (2 and 3)
//   B   rows in_group and in_group + 4 (registers 0 and 1), column group
//   C   rows group (0 and 1) and group + 8 (2 and 3), columns 2 * in_group (0 and 2) and
//       2 * in_group + 1 (1 and 3)
#pragma once
#include "kernels/device/thread.h"

namespace dcgan::DCGAN_TARGET {

/// A float with the 10 bits of mantissa, and 8 of exponent, that tensor cores multiply.
struct Tf32 {
  float value;
};

/// Rounded to nearest, ties away from zero: cvt.rna.tf32.f32. Infinite where that is too large.
/// Infinite values and NaNs lose their low bits alone, as in what nvcc makes of the instruction: a
/// NaN that arithmetic gave stays one.
__device__ __forceinline__ Tf32 to_tf32(float x) {
#if !defined(__CUDACC__)
  std::uint32_t bits = 0;
  __builtin_memcpy(&bits, &x, sizeof bits);
  constexpr std::uint32_t infinity = 0x7F800000, dropped = 0x1FFF;
  if ((bits & 0x7FFFFFFF) < infinity) bits += (dropped + 1) / 2;
  bits &= ~dropped;
  __builtin_memcpy(&x, &bits, sizeof bits);
  return {x};
#elif __CUDA_ARCH__ >= 800
  std::uint32_t bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
  return {__uint_as_float(bits)};
#else
  return {x};
#endif
}

/// C[i][j] += A[i] * B[j], each a product as above. Every lane of the warp calls it. The order of
/// the eight products within a sum, and how it is rounded, are the GPU's own.
template <int rows, int columns>
__device__ __forceinline__ void add_products(float (&c)[rows][columns][4], const Tf32 (&a)[rows][4],
                                             const Tf32 (&b)[columns][2]) {
#if !defined(__CUDACC__)
  ::simt::mma_operation({rows, columns, &a[0][0].value, &b[0][0].value, &c[0][0][0]},
                        ::simt::Place::current());
#elif __CUDA_ARCH__ >= 800
  DCGAN_UNROLL
  for (int i = 0; i < rows; ++i) {
    DCGAN_UNROLL
    for (int j = 0; j < columns; ++j) {
      float(&sum)[4] = c[i][j];
      asm volatile(
          "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
          "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
          : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
          : "r"(__float_as_uint(a[i][0].value)), "r"(__float_as_uint(a[i][1].value)),
            "r"(__float_as_uint(a[i][2].value)), "r"(__float_as_uint(a[i][3].value)),
            "r"(__float_as_uint(b[j][0].value)), "r"(__float_as_uint(b[j][1].value)));
    }
  }
#endif
}

}  // namespace dcgan::DCGAN_TARGET
