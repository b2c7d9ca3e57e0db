// What the threads of a tile add up when its main loop has ended: the sums of its groups, and of
// its columns over all tiles.
#pragma once
#include <type_traits>

#include "kernels/device/arrival.h"
#include "kernels/device/column_sums.h"
#include "kernels/finish.h"

namespace dcgan::DCGAN_TARGET {

/// A thread's place in its tile. Its rows are m_at + {0..3} and m_at + half_m + {0..3}; columns
/// alike. Lanes that differ in bit 0 share rows, lanes that differ in bit 1 share columns: a
/// 16-byte load is served eight lanes at a time, sixteen where such neighbours ask for the same,
/// which so holds for A and for B.
template <class Tile>
struct TilePlace {
  static constexpr int half_m = 4 * Tile::lanes_m, half_n = 4 * Tile::lanes_n;
  int group, thread;  // of the group
  int warp_m, lane_m, m_at, n_at;

  static __device__ __forceinline__ TilePlace of_this_thread() {
    TilePlace at;
    at.group = Tile::groups == 1 ? 0 : thread_index() / Tile::group_threads;
    at.thread = thread_index() % Tile::group_threads;
    const int lane = lane_index(), warp = warp_index() % (Tile::group_threads / 32);
    const int lane_n = lane % 2 + lane / 4 % (Tile::lanes_n / 2) * 2;
    at.lane_m = lane / 2 % 2 + lane / (2 * Tile::lanes_n) * 2;
    at.warp_m = warp / Tile::warps_n;
    at.m_at = at.warp_m * 2 * half_m + at.lane_m * 4;
    at.n_at = warp % Tile::warps_n * 2 * half_n + lane_n * 4;
    return at;
  }
};

/// Two slices of each operand.
template <class Tile>
struct TileSlices {
  float a[2][Tile::k][Tile::m + Tile::pad], b[2][Tile::k][Tile::n + Tile::pad];
};

/// Shared memory of a block: sums and, in their place before, the slices of several groups. One
/// group's are arrays of their own, for which nvcc takes fewer registers.
template <class Tile>
union TileMemory {
  static constexpr int packs = 16;     // of four sums, per thread
  static constexpr int most_sums = 2;  // of a column
  std::conditional_t<(Tile::groups > 1), TileSlices<Tile>, char> slices;
  Pack<4> group_sums[(Tile::groups - 1) * packs * Tile::group_threads + 1];  // no array is empty
  struct {
    Pack<4> origins[Tile::n / 4], sums[most_sums][Tile::warps_m][Tile::n / 4];
  } columns;
  CompensatedSums<4>::Shared<Tile::threads> totals;

  /// A pack of the thread that has this number in group 1, 2 ...: neighbours are its neighbours'.
  __device__ __forceinline__ float* sums_of(int group, int thread, int pack) {
    return group_sums[((group - 1) * packs + pack) * Tile::group_threads + thread].value;
  }
};

/// Adds the other groups' sums to the first group's, in their order. Barriers: before the sums take
/// the slices' place, and before they are read.
template <class Tile>
__device__ __forceinline__ void add_up_groups(float (&sum)[8][8], const TilePlace<Tile>& at,
                                              TileMemory<Tile>& memory) {
  __syncthreads();  // all have read the last slice
  DCGAN_UNROLL
  for (int pack = 0; pack < memory.packs; ++pack) {
    const float* from = &sum[pack / 2][pack % 2 * 4];
    if (at.group > 0)
      Pack<4>{{from[0], from[1], from[2], from[3]}}.store(
          memory.sums_of(at.group, at.thread, pack));
  }
  __syncthreads();  // all groups' sums are stored
  if (at.group > 0) return;
  DCGAN_UNROLL
  for (int pack = 0; pack < memory.packs; ++pack) {
    DCGAN_UNROLL
    for (int other = 1; other < Tile::groups; ++other) {
      const auto more = Pack<4>::load(memory.sums_of(other, at.thread, pack));
      DCGAN_UNROLL
      for (int i = 0; i < 4; ++i) sum[pack / 2][pack % 2 * 4 + i] += more.value[i];
    }
  }
}

/// Gives each thread of the first group the origins of its columns' sums: x of the tile's first
/// row, as `values` has it there. Barriers: before the origins take the place of what was in shared
/// memory, and before they are read.
template <class Tile, class OfColumns>
__device__ __forceinline__ void share_origins(const float (&values)[8], const TilePlace<Tile>& at,
                                              OfColumns& low, OfColumns& high,
                                              TileMemory<Tile>& memory) {
  Pack<4>*const of_low = memory.columns.origins + at.n_at / 4, *const of_high =
                                                                   of_low + at.half_n / 4;
  __syncthreads();  // all have read what was there
  if (at.group == 0 && at.m_at == 0) {
    low.x({{values[0], values[1], values[2], values[3]}}).store(of_low->value);
    high.x({{values[4], values[5], values[6], values[7]}}).store(of_high->value);
  }
  __syncthreads();  // the origins are stored
  low.origin = Pack<4>::load(of_low->value);
  high.origin = Pack<4>::load(of_high->value);
}

/// Adds up the threads' sums of their columns from n0 + n_at and n0 + n_at + half_n on, over all
/// blocks with the same columns; the last of them writes what the finish makes of them. From the
/// tile's first row on C has `rows`. Every thread calls it. Barriers: before the sums take the
/// place of what was in shared memory, before they are read, those of arrives_last and of
/// write_totals.
template <class Tile, class Finish, class OfColumns>
__device__ __forceinline__ void sum_tile_columns(OfColumns low, OfColumns high,
                                                 const TilePlace<Tile>& at, int n0, int rows,
                                                 const Finish& finish, TileMemory<Tile>& memory) {
  const auto over_lanes = [](Pack<4>& sum) {  // that have the same columns
    sum += shuffle_xor(sum, 2);
    DCGAN_UNROLL
    for (int distance = 2 * Tile::lanes_n; distance < 32; distance *= 2)
      sum += shuffle_xor(sum, distance);
  };
  auto& shared = memory.columns;
  __syncthreads();  // all have read what was there
  DCGAN_UNROLL
  for (int s = 0; s < Finish::column_sums; ++s) {
    over_lanes(low.sums[s]);
    over_lanes(high.sums[s]);
    if (at.group == 0 && at.lane_m == 0) {
      low.sums[s].store(shared.sums[s][at.warp_m][at.n_at / 4].value);
      high.sums[s].store(shared.sums[s][at.warp_m][(at.n_at + at.half_n) / 4].value);
    }
  }
  __syncthreads();  // the warps' sums are stored
  // scratch: the sums [column_sums, tiles, columns], origins [tiles, columns], rows [panels, tiles]
  const int tile = static_cast<int>(blockIdx.z * gridDim.x + blockIdx.x);
  const int tiles = static_cast<int>(gridDim.z * gridDim.x);
  const int pack = thread_index();
  if (pack < Tile::n / 4 && n0 + 4 * pack < finish.columns) {
    const std::int64_t plane = std::int64_t{tiles} * finish.columns;
    float* to = finish.scratch.floats + std::int64_t{tile} * finish.columns + n0 + 4 * pack;
    DCGAN_UNROLL
    for (int s = 0; s < Finish::column_sums; ++s, to += plane) {
      auto sum = Pack<4>::load(shared.sums[s][0][pack].value);
      for (int warp = 1; warp < Tile::warps_m; ++warp) sum += shared.sums[s][warp][pack];
      sum.store(to);
    }
    if constexpr (Finish::has_origin) {
      Pack<4>::load(shared.origins[pack].value).store(to);
      const int own_rows = rows < 0 ? 0 : rows < Tile::m ? rows : Tile::m;
      if (pack == 0) finish.rows_of_tiles(tiles)[tile] = static_cast<float>(own_rows);
    }
  }
  if (!arrives_last(finish.scratch.counters + blockIdx.y, gridDim.z * gridDim.x)) return;
  // The tiles' sums are parts of rows, as those of ColumnWalk are.
  ColumnWalk walk{};
  walk.columns = finish.columns, walk.width = 4, walk.parts = tiles;
  walk.pack_lanes = Tile::n / 4, walk.row_lanes = Tile::threads / walk.pack_lanes;
  ColumnPlace of{};
  of.pack_lane = thread_index() % walk.pack_lanes;
  of.row_lane = thread_index() / walk.pack_lanes;
  of.column = n0 + of.pack_lane * 4;
  of.inside = of.column < walk.columns;
  finish.write_totals(walk, of, memory.totals);
}

}  // namespace dcgan::DCGAN_TARGET
