// Plans and launches C [m, n] = A * B: which tile, and into how many parts the sum over k is split
// where C alone gives a GPU too little to do. Parts are summed by a second kernel in fixed order,
// so bits depend on the shape alone.
#pragma once
#include <algorithm>

#include "kernels/device/pack.h"
#include "kernels/matmul/writers.h"

namespace dcgan::DCGAN_HOME {

struct Product {
  int m, n, k;
  bool vec4;   // every array's neighbouring axis is a multiple of four long
  int splits;  // parts of the sum over k
  int split_depth;

  std::size_t workspace_floats() const {
    return splits > 1 ? static_cast<std::size_t>(splits) * m * n : 0;
  }
};

using NarrowTile = Tile<128, 32>;
using MiddleTile = Tile<128, 64>;
using WideTile = Tile<128, 128>;
using UnalignedTile = Tile<64, 64>;

inline Product plan_product(std::int64_t m, std::int64_t n, std::int64_t k, bool vec4) {
  constexpr std::int64_t blocks_wanted = 256, slices_per_split = 8, most_splits = 64;
  const std::int64_t tile_m = vec4 ? 128 : 64;
  const std::int64_t tile_n = !vec4 ? 64 : n <= 32 ? 32 : n <= 64 ? 64 : 128;
  const std::int64_t blocks = ceil_div(m, tile_m) * ceil_div(n, tile_n);
  const std::int64_t slices = ceil_div(k, WideTile::k);
  const std::int64_t splits = std::clamp<std::int64_t>(
      std::min(blocks_wanted / blocks, slices / slices_per_split), 1, most_splits);
  const std::int64_t split_slices = ceil_div(slices, splits);
  return {static_cast<int>(m),
          static_cast<int>(n),
          static_cast<int>(k),
          vec4,
          static_cast<int>(ceil_div(slices, split_slices)),
          static_cast<int>(split_slices * WideTile::k)};
}

/// One block per tile of C (x: rows, y: columns) and part of the sum (z), which goes to a C of its
/// own behind the others. Shared memory and barriers: tile_product.
template <class Tile, class A, class B, bool vec4>
__global__ void __launch_bounds__(Tile::threads, Tile::blocks_per_multiprocessor)
    product_kernel(A a, B b, MatrixWriter<vec4> writer, int k, int split_depth) {
  const int part = static_cast<int>(blockIdx.z);
  const int begin = part * split_depth;
  const int end = begin + split_depth < k ? begin + split_depth : k;
  writer.c += static_cast<std::int64_t>(part) * writer.rows * writer.width;
  tile_product<Tile>(a, b, static_cast<int>(blockIdx.x) * Tile::m,
                     static_cast<int>(blockIdx.y) * Tile::n, begin, end, writer);
}

/// y = epilogue(sum over the parts of partial [parts, count]), in an order that the number of parts
/// alone decides. A block owns 32 packs of `width` neighbours, each of its warps every eighth part
/// of them. Shared memory: a pack per thread. One barrier, before the warps' sums are added up.
template <int width>
__global__ void __launch_bounds__(256)
    sum_parts_kernel(const float* partial, int parts, std::int64_t count, Divider by_columns,
                     EpilogueParameters epilogue, float* y) {
  constexpr int packs = 32, warps = 8;
  __shared__ Pack<width> sums[warps][packs];
  const int pack = static_cast<int>(threadIdx.x) % packs,
            warp = static_cast<int>(threadIdx.x) / packs;
  const std::int64_t at = (static_cast<std::int64_t>(blockIdx.x) * packs + pack) * width;
  Pack<width> sum{};
  for (int part = warp; part < parts && at < count; part += warps) {
    const Pack<width> term = Pack<width>::load(partial + part * count + at);
    DCGAN_UNROLL
    for (int i = 0; i < width; ++i) sum.value[i] += term.value[i];
  }
  sums[warp][pack] = sum;
  __syncthreads();  // every warp's sums are there
  if (warp != 0 || at >= count) return;
  for (int w = 1; w < warps; ++w) {
    DCGAN_UNROLL
    for (int i = 0; i < width; ++i) sum.value[i] += sums[w][pack].value[i];
  }
  const int column = by_columns.remainder(static_cast<int>(at));
  epilogue.apply(sum, epilogue.template bias_of<width>(column), at).store(y + at);
}

inline void sum_parts(const char* name, const float* partial, int parts, std::int64_t rows,
                      int columns, const EpilogueParameters& epilogue, float* y,
                      cudaStream_t stream) {
  const std::int64_t count = rows * columns;
  const auto run = [&](auto kernel, int width) {
    launch(name, kernel, dim3(static_cast<unsigned>(ceil_div(count, 32 * width))), dim3(256), 0,
           stream, partial, parts, count, Divider(columns), epilogue, y);
  };
  packs_of_four(columns) ? run(sum_parts_kernel<4>, 4) : run(sum_parts_kernel<1>, 1);
}

template <class Tile, class A, class B, bool vec4>
void launch_product(const char* name, const Product& p, const A& a, const B& b,
                    const MatrixWriter<vec4>& writer, cudaStream_t stream) {
  const dim3 grid(static_cast<unsigned>(ceil_div(p.m, Tile::m)),
                  static_cast<unsigned>(ceil_div(p.n, Tile::n)), static_cast<unsigned>(p.splits));
  launch(name, product_kernel<Tile, A, B, vec4>, grid, dim3(Tile::threads), 0, stream, a, b, writer,
         p.k, p.split_depth);
}

/// c = epilogue(A * B). A and B are operands with the product's vec4; workspace has
/// p.workspace_floats().
template <bool vec4, class A, class B>
void run_product(const char* name, const Product& p, const A& a, const B& b,
                 const EpilogueParameters& epilogue, float* c, float* workspace,
                 cudaStream_t stream) {
  const bool split = p.splits > 1;
  const MatrixWriter<vec4> writer{split ? workspace : c, p.m, p.n,
                                  split ? EpilogueParameters{} : epilogue};
  if constexpr (!vec4)
    launch_product<UnalignedTile>(name, p, a, b, writer, stream);
  else if (p.n <= NarrowTile::n)
    launch_product<NarrowTile>(name, p, a, b, writer, stream);
  else if (p.n <= MiddleTile::n)
    launch_product<MiddleTile>(name, p, a, b, writer, stream);
  else
    launch_product<WideTile>(name, p, a, b, writer, stream);
  if (split) sum_parts(name, workspace, p.splits, p.m, p.n, epilogue, c, stream);
}

}  // namespace dcgan::DCGAN_HOME
