// Sums over the rows of a matrix [rows, columns], in fixed order: a block takes a panel of columns
// and a part of the rows, its threads stand as [row lanes][column packs], and each part's sums are
// added up by a second kernel.
#pragma once
#include <algorithm>

#include "kernels/device/pack.h"
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
/// the first is used, so that their loads are on their way together; use may overwrite its own row.
template <int batch, class Load, class Use>
__device__ __forceinline__ void walk_rows(const ColumnWalk& walk, const ColumnPlace& at,
                                          const Load& load, const Use& use) {
  if (!at.inside) return;
  for (int first = at.row; first < at.end; first += batch * walk.row_lanes) {
    decltype(load(first)) loaded[batch];
    DCGAN_UNROLL
    for (int b = 0; b < batch; ++b) {
      const int row = first + b * walk.row_lanes;
      loaded[b] = load(row < at.end ? row : first);  // a branch would part the loads
    }
    DCGAN_UNROLL
    for (int b = 0; b < batch; ++b) {
      const int row = first + b * walk.row_lanes;
      if (row < at.end) use(row, loaded[b]);
    }
  }
}

/// Adds up the sums of a block's row lanes and writes them to out [parts, columns]. Every thread of
/// the block calls it; `shared` has 256 packs. One barrier before the sums are read; before calling
/// it again with the same memory the caller owes another.
template <int width>
__device__ __forceinline__ void store_column_sums(const ColumnWalk& walk, const ColumnPlace& at,
                                                  const Pack<width>& sum, Pack<width>* shared,
                                                  float* out) {
  shared[thread_index()] = sum;
  __syncthreads();  // all sums are there
  if (at.row_lane != 0 || !at.inside) return;
  Pack<width> total = sum;
  for (int lane = 1; lane < walk.row_lanes; ++lane)
    total += shared[lane * walk.pack_lanes + at.pack_lane];
  total.store(out + static_cast<std::int64_t>(blockIdx.y) * walk.columns + at.column);
}

}  // namespace dcgan::DCGAN_TARGET
