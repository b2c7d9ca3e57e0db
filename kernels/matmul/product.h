// Plans and launches C [m, n] = A * B: which tile, and into how many parts the sum over k is split
// where C alone gives a GPU too little to do. Parts are summed by a second kernel in fixed order.
// The plan, and so the bits, depend on the shape alone, not on the GPU: it is the fastest that a
// few lines of arithmetic find for a GPU of 128 multiprocessors.
#pragma once
#include <algorithm>

#include "kernels/device/thread.h"
#include "kernels/matmul/writers.h"

namespace dcgan::DCGAN_TARGET {

using NarrowTile = Tile<128, 32>;
using MiddleTile = Tile<128, 64>;
using WideTile = Tile<128, 128>;
using UnalignedTile = Tile<64, 64>;

struct Product {
  int m, n, k;
  int tile_n;  // which tile
  int splits;  // parts of the sum over k
  int split_depth;
  std::int64_t part_floats;  // of C, times the classes that share a launch

  std::size_t workspace_floats() const {
    return splits > 1 ? static_cast<std::size_t>(splits * part_floats) : 0;
  }
};

/// What the planner knows of a tile.
struct TileCost {
  int m, n, threads, resident;  // resident: blocks on a multiprocessor
  int slice_cycles;             // a warp's instructions for a slice (docs/kernels-machine-code.md)
};

template <class Tile>
constexpr TileCost tile_cost(int slice_cycles) {
  return {Tile::m, Tile::n, Tile::threads, Tile::blocks_per_multiprocessor, slice_cycles};
}

/// Cycles of a launch of `tiles` blocks per part, each `slices` deep before it is split.
inline std::int64_t product_cycles(const TileCost& tile, std::int64_t tiles, std::int64_t slices,
                                   std::int64_t splits, std::int64_t part_floats) {
  constexpr std::int64_t multiprocessors = 128, schedulers = 4;
  constexpr std::int64_t slice_latency = 150;   // of shared memory and the barrier, for a lone warp
  constexpr std::int64_t block_latency = 2000;  // before the first slice and behind the last
  constexpr std::int64_t kernel_latency = 4000, l2_bytes_per_cycle = 2048;  // of the second pass
  const std::int64_t depth = ceil_div(slices, splits);
  const std::int64_t blocks = ceil_div(tiles * splits, multiprocessors);  // on the busiest one
  const std::int64_t rounds = ceil_div(blocks, tile.resident);
  const std::int64_t issue = blocks * (tile.threads / 32) * depth * tile.slice_cycles / schedulers;
  const std::int64_t latency = rounds * depth * (tile.slice_cycles + slice_latency);
  const std::int64_t cycles = std::max(issue, latency) + rounds * block_latency;
  if (splits == 1) return cycles;
  return cycles + kernel_latency + 2 * splits * part_floats * 4 / l2_bytes_per_cycle;
}

/// The fastest tile and split. `classes` products of that shape share the launch.
inline Product plan_product(std::int64_t m, std::int64_t n, std::int64_t k, bool vec4,
                            std::int64_t classes = 1) {
  constexpr TileCost aligned[] = {tile_cost<WideTile>(620), tile_cost<MiddleTile>(650),
                                  tile_cost<NarrowTile>(690)};
  constexpr TileCost unaligned[] = {tile_cost<UnalignedTile>(780)};
  constexpr std::int64_t most_splits = 64, least_slices = 4;
  const std::int64_t slices = ceil_div(k, WideTile::k), part_floats = m * n * classes;
  Product best{};
  std::int64_t least = 0;
  const auto consider = [&](const TileCost& tile) {
    const std::int64_t tiles = ceil_div(m, tile.m) * ceil_div(n, tile.n) * classes;
    const std::int64_t most = std::clamp<std::int64_t>(slices / least_slices, 1, most_splits);
    for (std::int64_t wanted = 1; wanted <= most; ++wanted) {
      const std::int64_t split_slices = ceil_div(slices, wanted);
      const std::int64_t splits = ceil_div(slices, split_slices);  // none is empty
      const std::int64_t cycles = product_cycles(tile, tiles, slices, splits, part_floats);
      if (best.splits > 0 && cycles >= least) continue;
      least = cycles;
      best = {static_cast<int>(m),
              static_cast<int>(n),
              static_cast<int>(k),
              tile.n,
              static_cast<int>(splits),
              static_cast<int>(split_slices * WideTile::k),
              part_floats};
    }
  };
  if (vec4)
    for (const TileCost& tile : aligned) consider(tile);
  else
    for (const TileCost& tile : unaligned) consider(tile);
  return best;
}

/// Calls run(Tile{}) with the planned tile.
template <bool vec4, class Run>
void with_tile(const Product& p, const Run& run) {
  if constexpr (!vec4)
    run(UnalignedTile{});
  else if (p.tile_n == NarrowTile::n)
    run(NarrowTile{});
  else if (p.tile_n == MiddleTile::n)
    run(MiddleTile{});
  else
    run(WideTile{});
}

/// One block per tile of C (x: rows, y: columns) and part of the sum (z), which goes to a C of its
/// own behind the others. Shared memory and barriers: tile_product.
template <class Tile, class A, class B, bool vec4>
__global__ void __launch_bounds__(Tile::threads, Tile::blocks_per_multiprocessor)
    product_kernel(A a, B b, MatrixWriter<vec4> writer, int k, int split_depth) {
  const BlockIndex block = block_index();
  const int begin = block.z * split_depth;
  const int end = begin + split_depth < k ? begin + split_depth : k;
  tile_product<Tile>(a, b, block.x * Tile::m, block.y * Tile::n, begin, end, writer);
}

/// sum += the packs at from, from + stride ..., `count` of them, one after the other. Several are
/// loaded before the first is added, so that they are on their way together.
template <int width>
__device__ __forceinline__ void add_packs(Pack<width>& sum, const float* from, std::int64_t stride,
                                          int count) {
  constexpr int batch = width == 1 ? 8 : 4;
  for (; count > 0; count -= batch) {
    Pack<width> terms[batch] = {};
    DCGAN_UNROLL
    for (int b = 0; b < batch; ++b) {
      if (b < count) terms[b] = Pack<width>::load(from);
      from += stride;
    }
    DCGAN_UNROLL
    for (int b = 0; b < batch; ++b)
      if (b < count) sum += terms[b];
  }
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
  const int pack = lane_index(), warp = warp_index();
  const std::int64_t at = (static_cast<std::int64_t>(blockIdx.x) * packs + pack) * width;
  Pack<width> sum{};
  if (at < count)
    add_packs(sum, partial + warp * count + at, warps * count, (parts - warp + warps - 1) / warps);
  sums[warp][pack] = sum;
  __syncthreads();  // every warp's sums are there
  if (warp != 0 || at >= count) return;
  for (int w = 1; w < warps; ++w) sum += sums[w][pack];
  const int column = by_columns.remainder(static_cast<int>(at));
  epilogue.apply(sum, epilogue.template bias_of<width>(column), at).store(y + at);
}

/// The same for up to eight parts, which each thread adds up by itself, in the same order. No
/// shared memory, no barrier.
template <int width>
__global__ void __launch_bounds__(256)
    sum_few_parts_kernel(const float* partial, int parts, std::int64_t count, Divider by_columns,
                         EpilogueParameters epilogue, float* y) {
  const std::int64_t at = global_index() * width;
  if (at >= count) return;
  Pack<width> sum = Pack<width>::load(partial + at);
  add_packs(sum, partial + count + at, count, parts - 1);
  const int column = by_columns.remainder(static_cast<int>(at));
  epilogue.apply(sum, epilogue.template bias_of<width>(column), at).store(y + at);
}

inline void sum_parts(const char* name, const float* partial, int parts, std::int64_t rows,
                      int columns, const EpilogueParameters& epilogue, float* y,
                      cudaStream_t stream) {
  const std::int64_t count = rows * columns;
  constexpr int few = 8;  // warps of sum_parts_kernel
  const auto run = [&](auto kernel, int values_per_block) {
    launch(name, kernel, dim3(static_cast<unsigned>(ceil_div(count, values_per_block))), dim3(256),
           0, stream, partial, parts, count, Divider(columns), epilogue, y);
  };
  if (packs_of_four(columns))
    parts <= few ? run(sum_few_parts_kernel<4>, 256 * 4) : run(sum_parts_kernel<4>, 32 * 4);
  else
    parts <= few ? run(sum_few_parts_kernel<1>, 256) : run(sum_parts_kernel<1>, 32);
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
  with_tile<vec4>(p, [&](auto tile) {
    using T = decltype(tile);
    const dim3 grid(static_cast<unsigned>(ceil_div(p.m, T::m)),
                    static_cast<unsigned>(ceil_div(p.n, T::n)), static_cast<unsigned>(p.splits));
    launch(name, product_kernel<T, A, B, vec4>, grid, dim3(T::threads), 0, stream, a, b, writer,
           p.k, p.split_depth);
  });
  if (split) sum_parts(name, workspace, p.splits, p.m, p.n, epilogue, c, stream);
}

}  // namespace dcgan::DCGAN_TARGET
