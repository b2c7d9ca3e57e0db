// The main loop of every layer with a kernel: C [m, n] = sum over k of A(m, k) * B(k, n), where A
// and B are operands: rules that say which value of which array stands at (m, k), a row of a matrix
// or a patch of an image (operands.h), and a writer says where C goes and what is done to it
// (writers.h). One block owns Tile::m x Tile::n of C. The tile's precision decides how it is
// multiplied: registers, shared memory and barriers are the affair of each product, and neither
// operands nor writers know of it.
#pragma once
#include "kernels/matmul/fp32_product.h"
#include "kernels/matmul/plan.h"
#include "kernels/matmul/tensor_core_product.h"

namespace dcgan::DCGAN_TARGET {

/// The block's tile of C that begins at (m0, n0), summed over [k_begin, k_end), handed to the
/// writer in groups of four columns.
template <class Tile, class A, class B, class Writer>
__device__ __forceinline__ void tile_product(const A& a, const B& b, int m0, int n0, int k_begin,
                                             int k_end, const Writer& writer) {
  if constexpr (Tile::precision == Precision::fp32)
    fp32_product<Tile>(a, b, m0, n0, k_begin, k_end, writer);
  else
    tensor_core_product<Tile>(a, b, m0, n0, k_begin, k_end, writer);
}

}  // namespace dcgan::DCGAN_TARGET
