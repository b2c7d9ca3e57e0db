// Sums over the rows of a matrix [rows, columns], in fixed order: a block takes a panel of columns
// and a part of the rows, its threads stand as [row lanes][column packs], and the block of a panel
// that arrives last adds up the parts' sums.
#pragma once
#include <algorithm>

#include "kernels/device/arrival.h"
#include "kernels/device/pack.h"
#include "kernels/device/scratch.h"
#include "kernels/device/thread.h"

namespace dcgan::DCGAN_TARGET {

/// How a matrix is cut. Threads of a block: pack_lanes * row_lanes = 256.
struct ColumnWalk {
  static constexpr int threads = 256;
  int rows, columns, width;  // width: columns per pack, 4 or 1
  int pack_lanes, row_lanes;
  int parts, rows_per_part;

  unsigned panels() const { return blocks_for(columns, pack_lanes * width); }
  dim3 grid() const { return {panels(), static_cast<unsigned>(parts)}; }
  /// Bytes of so many sums of each part, written and read.
  double parts_bytes(int sums) const { return 8.0 * sums * parts * columns; }
  /// Of kernels that add up so many sums of each column.
  ScratchSize scratch(int sums) const {
    return {static_cast<std::size_t>(sums) * static_cast<std::size_t>(parts) *
                static_cast<std::size_t>(columns),
            panels()};
  }
};

inline ColumnWalk plan_column_walk(std::int64_t rows, std::int64_t columns) {
  ColumnWalk walk{};
  walk.rows = narrow(rows), walk.columns = narrow(columns);
  walk.width = packs_of_four(columns) ? 4 : 1;
  walk.pack_lanes = 1;
  while (walk.pack_lanes < 32 && walk.pack_lanes * walk.width < columns) walk.pack_lanes *= 2;
  walk.row_lanes = ColumnWalk::threads / walk.pack_lanes;
  constexpr std::int64_t blocks_wanted = 512, least_rounds = 4;
  const std::int64_t most_parts = ceil_div(rows, walk.row_lanes * least_rounds);
  const std::int64_t parts = std::clamp<std::int64_t>(blocks_wanted / walk.panels(), 1, most_parts);
  walk.rows_per_part = narrow(ceil_div(rows, parts));
  walk.parts = narrow(ceil_div(rows, walk.rows_per_part));
  return walk;
}

/// Whole columns per block, 32 to a block, for kernels that pass over their rows twice. Whether
/// that is worth it: rows few enough that the second pass finds them in the L1 cache, and blocks
/// enough for a GPU.
inline bool fits_whole_columns(std::int64_t rows, std::int64_t columns) {
  constexpr std::int64_t most_rows = 512, least_columns = 64 * 32;
  return rows <= most_rows && columns >= least_columns;
}
inline ColumnWalk plan_whole_columns(std::int64_t rows, std::int64_t columns) {
  ColumnWalk walk{};
  walk.rows = walk.rows_per_part = narrow(rows), walk.columns = narrow(columns), walk.parts = 1;
  walk.width = packs_of_four(columns) ? 4 : 1;
  walk.pack_lanes = 32 / walk.width;
  walk.row_lanes = ColumnWalk::threads / walk.pack_lanes;
  return walk;
}

/// Which columns and rows a thread owns: column .. column + width - 1; row, row + row_lanes ... up
/// to end.
struct ColumnPlace {
  int column, pack_lane, row_lane, row, end;
  bool inside;  // the columns exist
};

__device__ __forceinline__ ColumnPlace column_place(const ColumnWalk& walk) {
  ColumnPlace at;
  at.pack_lane = thread_index() % walk.pack_lanes;
  at.row_lane = thread_index() / walk.pack_lanes;
  at.column = (block_index().x * walk.pack_lanes + at.pack_lane) * walk.width;
  const int begin = block_index().y * walk.rows_per_part;
  at.row = begin + at.row_lane;
  at.end = begin + walk.rows_per_part < walk.rows ? begin + walk.rows_per_part : walk.rows;
  at.inside = at.column < walk.columns;
  return at;
}

/// Calls use(row, load(row)) for a thread's rows, in their order. `batch` rows are loaded before
/// the first is used, so that their loads overlap; use may overwrite its own row.
template <int batch, class Load, class Use>
__device__ __forceinline__ void walk_rows(const ColumnWalk& walk, const ColumnPlace& at,
                                          const Load& load, const Use& use) {
  if (!at.inside) return;
  for (int first = at.row; first < at.end; first += batch * walk.row_lanes) {
    decltype(load(first)) loaded[batch];
    DCGAN_UNROLL
    for (int b = 0; b < batch; ++b) {
      const int row = first + b * walk.row_lanes;
      loaded[b] = load(row < at.end ? row : first);  // a branch would separate the loads
    }
    DCGAN_UNROLL
    for (int b = 0; b < batch; ++b) {
      const int row = first + b * walk.row_lanes;
      if (row < at.end) use(row, loaded[b]);
    }
  }
}

/// Adds up the sums of a block's row lanes and writes them to partial [parts, columns]. Every
/// thread of the block calls it; `shared` has 256 packs. One barrier before the sums are read;
/// before calling it again with the same memory the caller adds another.
template <int width>
__device__ __forceinline__ void store_column_sums(const ColumnWalk& walk, const ColumnPlace& at,
                                                  const Pack<width>& sum, Pack<width>* shared,
                                                  float* partial) {
  shared[thread_index()] = sum;
  __syncthreads();  // all sums are stored
  if (at.row_lane != 0 || !at.inside) return;
  Pack<width> total = sum;
  for (int lane = 1; lane < walk.row_lanes; ++lane)
    total += shared[lane * walk.pack_lanes + at.pack_lane];
  total.store(partial + static_cast<std::int64_t>(blockIdx.y) * walk.columns + at.column);
}

/// Sums of neighbouring columns, in floats.
template <int width>
struct PlainSums {
  Pack<width> sum;
  template <int threads>
  struct Shared {
    Pack<width> sum[threads];
  };
  __device__ __forceinline__ void add(Pack<width> x) { sum += x; }
  template <class Shared_>  // one for CompensatedSums will do
  __device__ __forceinline__ void store(Shared_& shared, int at) const {
    shared.sum[at] = sum;
  }
  template <class Shared_>
  __device__ __forceinline__ void add(const Shared_& shared, int at) {
    sum += shared.sum[at];
  }
};

/// Such that the parts' rounding does not add up: what each addition loses is kept (Knuth's
/// two-sum). Most GPUs add 32 or 64 floats in the time of a double.
template <int width>
struct CompensatedSums {
  Pack<width> sum, lost;
  template <int threads>
  struct Shared {
    Pack<width> sum[threads], lost[threads];
  };
  __device__ __forceinline__ void add(Pack<width> x) {  // by value: one access of shared memory
    DCGAN_UNROLL
    for (int i = 0; i < width; ++i) {
      const float before = sum.value[i], after = before + x.value[i], added = after - before;
      lost.value[i] += (before - (after - added)) + (x.value[i] - added);
      sum.value[i] = after;
    }
  }
  template <int threads>
  __device__ __forceinline__ void store(Shared<threads>& shared, int at) const {
    shared.sum[at] = sum;
    shared.lost[at] = lost;
  }
  template <int threads>
  __device__ __forceinline__ void add(const Shared<threads>& shared, int at) {
    add(shared.sum[at]);
    lost += shared.lost[at];
  }
  __device__ __forceinline__ double total(int i) const {
    return static_cast<double>(sum.value[i]) + static_cast<double>(lost.value[i]);
  }
};

/// A thread's place among parts, which are the rows then.
__device__ __forceinline__ ColumnPlace place_in_parts(const ColumnWalk& walk,
                                                      const ColumnPlace& at) {
  ColumnPlace parts = at;
  parts.row = at.row_lane, parts.end = walk.parts;
  return parts;
}

/// Adds up the row lanes' sums, which so become the first lane's. Every thread of the block calls
/// it. One barrier before the lanes' sums are read; before calling it again with the same memory
/// the caller adds another.
template <class Sums, class Shared>
__device__ __forceinline__ void add_up_lanes(const ColumnWalk& walk, const ColumnPlace& at,
                                             Sums& sums, Shared& shared) {
  sums.store(shared, thread_index());
  __syncthreads();  // all lanes' sums are stored
  if (at.row_lane != 0) return;
  for (int lane = 1; lane < walk.row_lanes; ++lane)
    sums.add(shared, lane * walk.pack_lanes + at.pack_lane);
}

/// The panel's totals over partial [parts, columns], each row lane's first, then those of the
/// lanes; they are the row lanes' first's. Every thread of the panel's last block calls it.
/// Barriers: those of add_up_lanes.
template <template <int> class SumsOf, int width, class Shared>
__device__ __forceinline__ SumsOf<width> add_up_parts(const ColumnWalk& walk, const ColumnPlace& at,
                                                      const float* partial, Shared& shared) {
  SumsOf<width> sums{};
  const auto load = [&](int part) {
    return Pack<width>::load(partial + std::int64_t{part} * walk.columns + at.column);
  };
  walk_rows<width == 1 ? 8 : 4>(walk, place_in_parts(walk, at), load,
                                [&](int, const Pack<width>& part) { sums.add(part); });
  add_up_lanes(walk, at, sums, shared);
  return sums;
}

/// Both: `sum` of each thread becomes the column sums in out [columns], which the panel's last
/// block writes. Shared memory: two packs per thread. Barriers: those of its parts.
template <int width>
__device__ __forceinline__ void sum_columns(const ColumnWalk& walk, const ColumnPlace& at,
                                            const Pack<width>& sum, const Scratch& scratch,
                                            float* out) {
  __shared__ Pack<width> shared_sums[ColumnWalk::threads];
  __shared__ typename PlainSums<width>::template Shared<ColumnWalk::threads> shared_totals;
  store_column_sums(walk, at, sum, shared_sums, scratch.floats);
  if (!arrives_last(scratch.counters + blockIdx.x, static_cast<unsigned>(walk.parts))) return;
  const auto total = add_up_parts<PlainSums, width>(walk, at, scratch.floats, shared_totals);
  if (at.row_lane == 0 && at.inside) total.sum.store(out + at.column);
}

/// Two sums of each column.
template <int width>
struct TwoTotals {
  CompensatedSums<width> first, second;
  bool mine;  // this thread has those of its columns; the others have none
};

/// The panel's totals over partial [2, parts, columns], as add_up_parts makes them; one barrier
/// more, between the two.
template <int width, class Shared>
__device__ __forceinline__ TwoTotals<width> add_up_two_parts(const ColumnWalk& walk,
                                                             const ColumnPlace& at,
                                                             const float* partial, Shared& shared) {
  TwoTotals<width> of{{}, {}, at.row_lane == 0 && at.inside};
  of.first = add_up_parts<CompensatedSums, width>(walk, at, partial, shared);
  __syncthreads();  // all lanes' sums are read
  const float* seconds = partial + std::int64_t{walk.parts} * walk.columns;
  of.second = add_up_parts<CompensatedSums, width>(walk, at, seconds, shared);
  return of;
}

/// The column sums of two values of each thread, in the panel's last block. scratch.floats [2,
/// parts, columns]. Shared memory: four packs per thread. Barriers: those of its parts;
/// the second store is before the first total, and a barrier is between the totals.
template <int width>
__device__ __forceinline__ TwoTotals<width> two_column_sums(const ColumnWalk& walk,
                                                            const ColumnPlace& at,
                                                            const Pack<width>& first,
                                                            const Pack<width>& second,
                                                            const Scratch& scratch) {
  __shared__ Pack<width> shared_first[ColumnWalk::threads];
  __shared__ Pack<width> shared_second[ColumnWalk::threads];
  __shared__ typename CompensatedSums<width>::template Shared<ColumnWalk::threads> totals;
  float* seconds = scratch.floats + std::int64_t{walk.parts} * walk.columns;
  store_column_sums(walk, at, first, shared_first, scratch.floats);
  store_column_sums(walk, at, second, shared_second, seconds);
  if (!arrives_last(scratch.counters + blockIdx.x, static_cast<unsigned>(walk.parts)))
    return {{}, {}, false};
  return add_up_two_parts<width>(walk, at, scratch.floats, totals);
}

/// The same where the block has all rows of 32 columns: lanes add up by shuffles, then the warps.
/// Shared memory: two packs of each warp and column pack. One barrier, before they are added up.
template <int width>
__device__ __forceinline__ TwoTotals<width> two_totals_of_block(const ColumnPlace& at,
                                                                Pack<width> first,
                                                                Pack<width> second) {
  constexpr int packs = 32 / width, warps = ColumnWalk::threads / 32;
  __shared__ Pack<width> shared_first[warps][packs];
  __shared__ Pack<width> shared_second[warps][packs];
  first = warp_sum(first, packs);
  second = warp_sum(second, packs);
  const int warp = warp_index(), lane = lane_index();
  if (lane < packs) {
    first.store(shared_first[warp][lane].value);
    second.store(shared_second[warp][lane].value);
  }
  __syncthreads();  // the warps' sums are stored
  TwoTotals<width> of{{}, {}, at.row_lane == 0 && at.inside};
  if (!of.mine) return of;
  for (int w = 0; w < warps; ++w) {
    of.first.add(shared_first[w][lane]);
    of.second.add(shared_second[w][lane]);
  }
  return of;
}

}  // namespace dcgan::DCGAN_TARGET
