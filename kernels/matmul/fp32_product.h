// C [m, n] = sum over k of A(m, k) * B(k, n) in floats: the main loop of Precision::fp32.
//
// One thread owns 8 x 8 of the block's tile in registers: two groups of four rows by two groups of
// four columns, so that fragments are read from shared memory 16 bytes at a time. The loop over k
// is double-buffered: while the block multiplies one slice of Tile::k from shared memory, the next
// is on its way from global memory into registers.
//
// Shared memory: 2 * Tile::k * (Tile::m + Tile::n + 2 * pad) floats. One barrier per slice: it
// tells that the slice just stored may be read, and that the one before it has been read by all and
// may be overwritten. What is added up after the loop has its own (tile_sums.h).
#pragma once
#include <type_traits>
#include <utility>

#include "kernels/device/pack.h"
#include "kernels/device/register_tile.h"
#include "kernels/device/thread.h"
#include "kernels/matmul/slice_part.h"
#include "kernels/matmul/tile_sums.h"

namespace dcgan::DCGAN_TARGET {

/// Brings slices of an operand to shared memory by way of registers.
template <class Operand, int extent, int depth, int threads, int pad>
class SliceLoader {
 public:
  /// mn0: where the block's tile begins.
  __device__ SliceLoader(const Operand& operand, int mn0) : part_(operand, mn0) {}

  /// Global memory to registers: the slice that begins at k; zeros from k_end on.
  __device__ __forceinline__ void fetch(int k, int k_end) {
    part_.visit(k, k_end, [&](int s, int i, const float* data, int offset, bool within) {
      if constexpr (Operand::vec4) {
        values_[s] = {};
        if (within) values_[s] = Pack<4>::load(data + offset);
      } else {
        values_[s].value[i] = within ? data[offset] : 0.0F;
      }
    });
  }

  /// Registers to shared memory, [depth][extent + pad].
  __device__ __forceinline__ void store(float (&slice)[depth][extent + pad]) const {
    DCGAN_UNROLL
    for (int s = 0; s < Part::slots; ++s) {
      if constexpr (Part::along_k) {
        DCGAN_UNROLL
        for (int i = 0; i < 4; ++i) slice[Part::k(s) + i][Part::mn(s)] = values_[s].value[i];
      } else {
        values_[s].store(&slice[Part::k(s)][Part::mn(s)]);
      }
    }
  }

 private:
  // 16 rows by two groups of k per warp are whole 32-byte sectors, and no bank conflict on storing.
  using Part = SlicePart<Operand, extent, depth, threads, 16>;
  Part part_;
  Pack<4> values_[Part::slots];
};

/// Two packs, `apart` floats from each other.
__device__ __forceinline__ void load_fragment(const float* from, int apart, float (&to)[8]) {
  const Pack<4> low = Pack<4>::load(from), high = Pack<4>::load(from + apart);
  DCGAN_UNROLL
  for (int i = 0; i < 4; ++i) to[i] = low.value[i], to[4 + i] = high.value[i];
}

/// The slices of an operand: `member` of TileSlices, or an array of its own.
template <class Tile, auto member>
__device__ __forceinline__ auto& slices_in(TileMemory<Tile>& memory) {
  if constexpr (Tile::groups > 1) {
    return memory.slices.*member;
  } else {
    using Slices = std::remove_reference_t<decltype(std::declval<TileSlices<Tile>&>().*member)>;
    alignas(16) __shared__ Slices slices;
    return slices;
  }
}

/// tile_product for a Tile.
template <class Tile, class A, class B, class Writer>
__device__ __forceinline__ void fp32_product(const A& a, const B& b, int m0, int n0, int k_begin,
                                             int k_end, const Writer& writer) {
  constexpr int depth = Tile::k, group_depth = depth / Tile::groups;
  alignas(16) __shared__ TileMemory<Tile> memory;
  auto& a_slices = slices_in<Tile, &TileSlices<Tile>::a>(memory);
  auto& b_slices = slices_in<Tile, &TileSlices<Tile>::b>(memory);
  const auto at = TilePlace<Tile>::of_this_thread();
  constexpr int half_m = at.half_m, half_n = at.half_n;
  float sum[8][8] = {};
  SliceLoader<A, Tile::m, depth, Tile::threads, Tile::pad> a_loader(a, m0);
  SliceLoader<B, Tile::n, depth, Tile::threads, Tile::pad> b_loader(b, n0);
  a_loader.fetch(k_begin, k_end);
  b_loader.fetch(k_begin, k_end);
  a_loader.store(a_slices[0]);
  b_loader.store(b_slices[0]);
  __syncthreads();  // slice 0 is there

  int buffer = 0;
  for (int k = k_begin; k < k_end; k += depth) {
    const bool more = k + depth < k_end;
    if (more) {
      a_loader.fetch(k + depth, k_end);
      b_loader.fetch(k + depth, k_end);
    }
    DCGAN_UNROLL
    for (int kk = 0; kk < group_depth; ++kk) {
      const int step = at.group * group_depth + kk;
      float row[8], column[8];
      load_fragment(&a_slices[buffer][step][at.m_at], half_m, row);
      load_fragment(&b_slices[buffer][step][at.n_at], half_n, column);
      add_outer_product(sum, row, column);
    }
    if (more) {
      a_loader.store(a_slices[buffer ^ 1]);
      b_loader.store(b_slices[buffer ^ 1]);
      __syncthreads();  // the next slice is there, and all have read this one
      buffer ^= 1;
    }
  }

  if constexpr (Tile::groups > 1) add_up_groups<Tile>(sum, at, memory);
  using Finish = typename Writer::Finish;
  if constexpr (Finish::column_sums == 2) {
    const BlockIndex block = block_index_again();
    m0 = block.x * Tile::m, n0 = block.y * Tile::n;
  }
  auto low = writer.columns(n0 + at.n_at), high = writer.columns(n0 + at.n_at + half_n);
  if constexpr (Finish::has_origin) share_origins<Tile>(sum[0], at, low.of[0], high.of[0], memory);
  if (at.group == 0) {
    DCGAN_UNROLL
    for (int i = 0; i < 8; ++i) {
      const auto row = writer.row(m0 + at.m_at + i / 4 * half_m + i % 4);
      writer.write(row, low, &sum[i][0]);
      writer.write(row, high, &sum[i][4]);
    }
  }
  if constexpr (Finish::column_sums > 0)
    if (writer.finish.wants_sums())
      sum_tile_columns<Tile>(low.of[0], high.of[0], at, n0, writer.rows_from(m0), writer.finish,
                             memory);
}

}  // namespace dcgan::DCGAN_TARGET
