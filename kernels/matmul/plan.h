// How C [m, n] = A * B is computed: which tile, and into how many parts the sum over k is split
// where C alone gives a GPU too little to do. The plan, and so the bits, depend on the shape alone,
// not on the GPU: it is the fastest that a few lines of arithmetic find for a GPU of 128
// multiprocessors.
#pragma once
#include <algorithm>

#include "kernels/device/device.h"
#include "ops/precision.h"

namespace dcgan::DCGAN_TARGET {

/// Shape of a block's work in Precision::fp32. Of a slice of the sum, k deep, each of `groups` of
/// threads takes 8, 64 values of C per thread; at the end the groups' sums are added up.
template <int m_, int n_, int groups_ = 1>
struct Tile {
  static constexpr Precision precision = Precision::fp32;
  static constexpr int m = m_, n = n_, groups = groups_, k = 8 * groups;
  static constexpr int group_threads = m * n / 64, threads = groups * group_threads;
  // Enough that some multiply while others wait at their barrier: 16 warps on a multiprocessor,
  // with 128 registers per thread; 12 where a thread loads more than two packs of A and B.
  static constexpr int blocks_per_multiprocessor = (threads > 128 ? 16 : 12) * 32 / threads;
  // Four floats after each row of a slice: threads that store a column of it, 16 rows by two groups
  // of k, then meet 32 different banks, and rows still start at multiples of 16 bytes.
  static constexpr int pad = 4;
  // A warp owns 32 x 64 or, in narrow tiles, 64 x 32: lanes_m x lanes_n threads.
  static constexpr int lanes_n = n >= 64 ? 8 : 4, lanes_m = 32 / lanes_n;
  static constexpr int warps_n = n / (8 * lanes_n), warps_m = m / (8 * lanes_m);
  static_assert(m % (8 * lanes_m) == 0 && n % (8 * lanes_n) == 0, "whole warps");
};

/// The same on tensor cores, where a warp owns 64 x 32, with one or three products of halves.
template <int products>
struct TensorTile {
  static_assert(products == 1 || products == 3);
  static constexpr Precision precision = products == 1 ? Precision::tf32 : Precision::tf32x3;
  static constexpr int m = 128, n = 64, k = 16, groups = 1, warp_m = 64, warp_n = 32;
  static constexpr int threads = m * n / (warp_m * warp_n) * 32;
  // Three slices are as many as static shared memory holds.
  static constexpr int stages = 3, blocks_per_multiprocessor = 2;
};

using NarrowTile = Tile<128, 32>;
using MiddleTile = Tile<128, 64>;
using WideTile = Tile<128, 128>;
using UnalignedTile = Tile<64, 64>;
// Where C is small: as many warps as a split sum has, without its second pass.
using TwoGroupTile = Tile<64, 64, 2>;
using SixGroupTile = Tile<64, 32, 6>;

struct Product {
  int m, n, k;
  Precision precision;
  int tile;    // which of the tiles that were considered
  int splits;  // parts of the sum over k
  int split_depth;
  std::int64_t part_floats;  // of C, times the classes that share a launch

  /// Of a launch: tiles of C, `layers` times.
  template <class Tile>
  dim3 grid(int layers) const {
    return {blocks_for(m, Tile::m), blocks_for(n, Tile::n), static_cast<unsigned>(layers)};
  }
  /// The work of a launch over grid<Tile>(layers): the other parts' results are moved, too, and
  /// whole tiles are multiplied.
  template <class Tile>
  Work work(Work op, int layers) const {
    const dim3 tiles = grid<Tile>(layers);
    op.bytes += 4.0 * (splits - 1) * static_cast<double>(part_floats);
    op.fmas = 1.0 * tiles.x * tiles.y * tiles.z * Tile::m * Tile::n * split_depth;
    op.slices = split_depth / Tile::k;
    return op;
  }
  std::size_t workspace_floats() const {
    return splits > 1 ? static_cast<std::size_t>(splits * part_floats) : 0;
  }
};

/// What the planner knows about a tile.
struct TileCost {
  int m, n, k, groups, threads, resident;  // resident: blocks on a multiprocessor
  int slice_cycles;  // a warp's instructions for a slice (docs/kernels-machine-code.md)
};

template <class Tile>
constexpr TileCost tile_cost(int slice_cycles) {
  return {Tile::m,      Tile::n,       Tile::k,
          Tile::groups, Tile::threads, Tile::blocks_per_multiprocessor,
          slice_cycles};
}

/// Cycles of a launch of `tiles` blocks per part, each `slices` deep before it is split.
inline std::int64_t product_cycles(const TileCost& tile, std::int64_t tiles, std::int64_t slices,
                                   std::int64_t splits, std::int64_t part_floats) {
  constexpr std::int64_t multiprocessors = 128, schedulers = 4;
  constexpr std::int64_t slice_latency = 150;  // of shared memory and the barrier, for a lone warp
  constexpr std::int64_t group_latency = 300;  // of adding a group's sums
  // Before the first slice and after the last.
  const std::int64_t block_latency = 2000 + (tile.groups - 1) * group_latency;
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

/// The fastest tile and split; a split only where it saves a tenth, for what these lines of
/// arithmetic know of it. `classes` products of that shape share the launch.
inline Product plan_product(std::int64_t m, std::int64_t n, std::int64_t k, bool vec4,
                            Precision precision, std::int64_t classes = 1) {
  // In the order of with_tile.
  constexpr TileCost aligned[] = {tile_cost<WideTile>(620), tile_cost<MiddleTile>(650),
                                  tile_cost<NarrowTile>(690), tile_cost<TwoGroupTile>(650),
                                  tile_cost<SixGroupTile>(690)};
  constexpr TileCost unaligned[] = {tile_cost<UnalignedTile>(780)};
  // Modelled: 32 mma of 8 cycles (compute capability 8.0), or three times as many.
  constexpr TileCost tf32 = tile_cost<TensorTile<1>>(300);
  constexpr TileCost tf32x3 = tile_cost<TensorTile<3>>(800);
  constexpr std::int64_t most_splits = 64, least_depth = 32;
  const std::int64_t part_floats = m * n * classes;
  Product best{};
  std::int64_t least = 0;  // tenths of cycles
  const auto consider = [&](const TileCost& tile, std::ptrdiff_t index) {
    const std::int64_t tiles = ceil_div(m, tile.m) * ceil_div(n, tile.n) * classes;
    const std::int64_t slices = ceil_div(k, tile.k);
    const std::int64_t most = std::clamp<std::int64_t>(k / least_depth, 1, most_splits);
    for (std::int64_t wanted = 1; wanted <= most; ++wanted) {
      const std::int64_t split_slices = ceil_div(slices, wanted);
      const std::int64_t splits = ceil_div(slices, split_slices);  // none is empty
      const std::int64_t cycles =
          (splits > 1 ? 11 : 10) * product_cycles(tile, tiles, slices, splits, part_floats);
      if (best.splits > 0 && cycles >= least) continue;
      least = cycles;
      best = {narrow(m),
              narrow(n),
              narrow(k),
              precision,
              narrow(index),
              narrow(splits),
              narrow(split_slices * tile.k),
              part_floats};
    }
  };
  if (precision != Precision::fp32)
    consider(precision == Precision::tf32 ? tf32 : tf32x3, 0);
  else if (vec4)
    for (const TileCost& tile : aligned) consider(tile, &tile - aligned);
  else
    for (const TileCost& tile : unaligned) consider(tile, 0);
  return best;
}

/// Calls run(Tile{}) with the planned tile.
template <bool vec4, class Run>
void with_tile(const Product& p, const Run& run) {
  if (p.precision == Precision::tf32)
    run(TensorTile<1>{});
  else if (p.precision == Precision::tf32x3)
    run(TensorTile<3>{});
  else if constexpr (!vec4)
    run(UnalignedTile{});
  else if (p.tile == 1)
    run(MiddleTile{});
  else if (p.tile == 2)
    run(NarrowTile{});
  else if (p.tile == 3)
    run(TwoGroupTile{});
  else if (p.tile == 4)
    run(SixGroupTile{});
  else
    run(WideTile{});
}

/// The blocks of a launch over the planned tile's grid(layers).
template <bool vec4>
dim3 planned_grid(const Product& p, int layers) {
  dim3 grid;
  with_tile<vec4>(p, [&](auto tile) { grid = p.grid<decltype(tile)>(layers); });
  return grid;
}

}  // namespace dcgan::DCGAN_TARGET
