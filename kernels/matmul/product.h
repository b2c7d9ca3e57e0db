// The matrix product C [m, n] = A * B of two operands, as it was planned: one launch, and a second
// that adds up the parts of a split sum.
#pragma once
#include "kernels/matmul/plan.h"
#include "kernels/matmul/tile_product.h"
#include "kernels/matmul/writers.h"
#include "kernels/sum_parts.h"

namespace dcgan::DCGAN_TARGET {

/// One block per tile of C (x: rows, y: columns) and part of the sum (z); each part writes its own
/// C, after the others. Shared memory and barriers: tile_product.
template <class Tile, class A, class B, bool vec4>
__global__ void __launch_bounds__(Tile::threads, Tile::blocks_per_multiprocessor)
    product_kernel(A a, B b, MatrixWriter<vec4> writer, int k, int split_depth) {
  wait_for_previous_launch();
  const BlockIndex block = block_index();
  const int begin = block.z * split_depth;
  const int end = begin + split_depth < k ? begin + split_depth : k;
  tile_product<Tile>(a, b, block.x * Tile::m, block.y * Tile::n, begin, end, writer);
}

/// c = epilogue(A * B). A and B are operands with the product's vec4; workspace has
/// p.workspace_floats().
template <bool vec4, class A, class B>
void run_product(Work op, const Product& p, const A& a, const B& b,
                 const EpilogueParameters& epilogue, float* c, float* workspace,
                 cudaStream_t stream) {
  const bool split = p.splits > 1;
  if (!split) op.bytes += epilogue.mask_bytes(p.part_floats);
  const MatrixWriter<vec4> writer{
      {split ? EpilogueParameters{} : epilogue, split ? workspace : c, p.n}, p.m};
  with_tile<vec4>(p, [&](auto tile) {
    using T = decltype(tile);
    launch(p.work<T>(op, p.splits), product_kernel<T, A, B, vec4>, p.grid<T>(p.splits), T::threads,
           0, stream, a, b, writer, p.k, p.split_depth);
  });
  if (split) sum_parts(op.name, workspace, p.splits, p.m, p.n, epilogue, c, stream);
}

}  // namespace dcgan::DCGAN_TARGET
