// The matrix product C [m, n] = A * B of two operands, as it was planned: one launch, and a second
// that adds up the parts of a split sum.
#pragma once
#include <type_traits>

#include "kernels/batch_norm.h"
#include "kernels/batch_norm_finish.h"
#include "kernels/epilogue.h"
#include "kernels/matmul/plan.h"
#include "kernels/matmul/tile_product.h"
#include "kernels/matmul/writers.h"
#include "kernels/sum_parts.h"

namespace dcgan::DCGAN_TARGET {

/// One block per tile of C (x: rows, y: columns) and part of the sum (z); each part writes its own
/// C, after the others. Shared memory and barriers: tile_product.
template <class Tile, class A, class B, bool vec4, class Finish>
__global__ void __launch_bounds__(Tile::threads, Tile::blocks_per_multiprocessor)
    product_kernel(A a, B b, MatrixWriter<vec4, Finish> writer, int k, int split_depth) {
  wait_for_previous_launch();
  const BlockIndex block = block_index();
  const int begin = block.z * split_depth;
  const int end = begin + split_depth < k ? begin + split_depth : k;
  tile_product<Tile>(a, b, block.x * Tile::m, block.y * Tile::n, begin, end, writer);
}

/// Tensor cores' product adds up no columns.
template <class Tile, class Finish>
constexpr bool can_finish = Tile::precision == Precision::fp32 || Finish::column_sums == 0;

/// product_kernel's widest tile has too few registers left for statistics.
template <class T, class Finish>  // nvcc would take WideTile's Tile for a parameter of that name
constexpr bool product_can_finish =
    can_finish<T, Finish> && !(std::is_same_v<T, WideTile> && Finish::has_origin);

/// c = finish(A * B), or its parts. A and B are operands with the product's vec4.
template <bool vec4, class A, class B, class Finish>
void launch_product(const Work& op, const Product& p, const A& a, const B& b, const Finish& finish,
                    float* c, cudaStream_t stream) {
  const MatrixWriter<vec4, Finish> writer{{finish, c, p.n}, p.m};
  with_tile<vec4>(p, [&](auto tile) {
    using T = decltype(tile);
    if constexpr (product_can_finish<T, Finish>)
      launch(p.work<T>(op, p.splits), product_kernel<T, A, B, vec4, Finish>, p.grid<T>(p.splits),
             T::threads, 0, stream, a, b, writer, p.k, p.split_depth);
  });
}

/// What a product's launch is followed by, or what its writer does: run(finish, c) launches the
/// product, of C as rows x columns.
///
/// c = epilogue(A * B). workspace has p.workspace_floats().
template <class Run>
void finish_forward(Work op, const Product& p, std::int64_t rows, int columns,
                    const EpilogueParameters& epilogue, float* c, float* workspace,
                    cudaStream_t stream, const Run& run) {
  if (p.splits == 1) {
    op.bytes += epilogue.mask_bytes(rows * columns);
    return run(op, ForwardFinish{epilogue}, c);
  }
  run(op, ForwardFinish{}, workspace);
  sum_parts(op.name, workspace, p.splits, rows, columns, epilogue, c, stream);
}

/// Whether finish_backward takes a product's C of so many columns, in packs: in parts it has the
/// epilogue add them up, else the writer does all, in fp32 and of columns that are the channels.
inline bool can_finish_backward(const Product& p, int columns, const EpilogueBackward& before) {
  if (p.splits > 1) return true;
  return p.precision == Precision::fp32 && (!before.dbias || before.channels == columns) &&
         (!before.sample_scale || packs_of_four(before.sample_size));
}

/// before.dy = A * B, and back through the epilogue of the layer before. scratch has what
/// backward_scratch says.
template <class Run>
void finish_backward(Work op, const Product& p, std::int64_t rows, int columns,
                     const EpilogueBackward& before, Scratch scratch, cudaStream_t stream,
                     const Run& run) {
  const double matrix = 4.0 * static_cast<double>(rows * columns);
  if (p.splits > 1) {
    run(op, ForwardFinish{}, scratch.floats);
    const MatrixInParts parts{scratch.floats, p.splits, rows * columns};
    scratch.floats += p.workspace_floats();
    return epilogue_backward(before, parts, p.splits * matrix, 0, scratch, stream);
  }
  op.bytes += least_bytes(before) - 2 * matrix;  // dy was counted
  run(op, BackwardFinish(before, {columns, scratch}), before.dy);
}

/// Of finish_backward, for a product of so many layers of blocks.
inline ScratchSize backward_scratch(const Product& p, int layers, const EpilogueBackward& before) {
  if (p.splits == 1) {
    const dim3 tiles = planned_grid<true>(p, layers);
    return {std::size_t{tiles.x} * tiles.z * static_cast<std::size_t>(p.n), tiles.y};
  }
  ScratchSize size = before.dbias ? epilogue_scratch(before.rows, before.channels) : ScratchSize{};
  size.floats += p.workspace_floats();
  return size;
}

/// Whether finish_with_statistics and finish_with_sums take a product's C, in packs, for a batch
/// norm of this shape: one whose channels are the columns, and that is not better off alone.
inline bool can_serve(const Product& p, std::int64_t rows, int columns,
                      const BatchNormShape& norm) {
  return (p.splits > 1 || p.precision == Precision::fp32) && norm.rows == rows &&
         norm.channels == columns && !fits_whole_columns(rows, columns);
}

/// Whether launch_product can make statistics of it.
inline bool can_make_statistics(const Product& p, std::int64_t rows, int columns,
                                const BatchNormShape& norm) {
  constexpr int wide = 0;  // with_tile's
  return can_serve(p, rows, columns, norm) && (p.splits > 1 || p.tile != wide);
}

/// x = A * B + bias, and its statistics. scratch has what batch_norm_scratch says.
template <class Run>
void finish_with_statistics(const Work& op, const Product& p, std::int64_t rows, int columns,
                            const float* bias, const BatchNormStatistics& of, float* x,
                            Scratch scratch, cudaStream_t stream, const Run& run) {
  if (p.splits == 1) return run(op, StatisticsFinish(of, bias, {columns, scratch}), x);
  run(op, ForwardFinish{}, scratch.floats);
  const MatrixInParts parts{scratch.floats, p.splits, rows * columns};
  scratch.floats += p.workspace_floats();
  batch_norm_statistics(of, parts, bias, x, scratch, stream);
}

/// before.dy = A * B, and batch norm's sums over it.
template <class Run>
void finish_with_sums(Work op, const Product& p, std::int64_t rows, int columns,
                      const BatchNormSums& before, Scratch scratch, cudaStream_t stream,
                      const Run& run) {
  if (p.splits == 1) {
    op.bytes += 8.0 * static_cast<double>(rows * columns);  // x and y
    return run(op, BatchNormSumsFinish(before, {columns, scratch}), before.dy);
  }
  run(op, ForwardFinish{}, scratch.floats);
  const MatrixInParts parts{scratch.floats, p.splits, rows * columns};
  scratch.floats += p.workspace_floats();
  batch_norm_sums(before, parts, scratch, stream);
}

/// Of both, for C [rows, n] in so many layers of blocks.
inline ScratchSize batch_norm_scratch(const Product& p, int layers, std::int64_t rows) {
  if (p.splits > 1) {
    ScratchSize size = plan_column_walk(rows, p.n).scratch(2);
    size.floats += p.workspace_floats();
    return size;
  }
  const dim3 grid = planned_grid<true>(p, layers);
  const std::size_t tiles = std::size_t{grid.x} * grid.z;
  return {tiles * (3 * static_cast<std::size_t>(p.n) + grid.y), grid.y};
}

}  // namespace dcgan::DCGAN_TARGET
