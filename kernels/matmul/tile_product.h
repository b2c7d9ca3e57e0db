// The main loop of every layer with a kernel: C [m, n] = sum over k of A(m, k) * B(k, n), where A
// and B are operands: rules that say which value of which array stands at (m, k), a row of a matrix
// or a patch of an image (operands.h), and a writer says where C goes and what is done to it
// (writers.h).
//
// One block owns Tile::m x Tile::n of C, one thread 8 x 8 of it in registers: two groups of four
// rows by two groups of four columns, so that fragments are read from shared memory 16 bytes at a
// time. The loop over k is double-buffered: while the block multiplies one slice of Tile::k from
// shared memory, the next is on its way from global memory into registers.
//
// Shared memory: 2 * Tile::k * (Tile::m + Tile::n + 2 * pad) floats. One barrier per slice: it
// tells that the slice just stored may be read, and that the one before it has been read by all and
// may be overwritten.
#pragma once
#include "kernels/device/register_tile.h"

namespace dcgan::DCGAN_HOME {

/// Shape of a block's work. 64 values of C per thread.
template <int m_, int n_>
struct Tile {
  static constexpr int m = m_, n = n_, k = 16;
  static constexpr int threads = m * n / 64;
  // Four floats behind each row of a slice: threads that store a column of it, 16 rows by two
  // groups of k, then meet 32 different banks, and rows still start at multiples of 16 bytes.
  static constexpr int pad = 4;
  // A warp owns 32 x 64 or, in narrow tiles, 64 x 32: lanes_m x lanes_n threads.
  static constexpr int lanes_n = n >= 64 ? 8 : 4, lanes_m = 32 / lanes_n;
  static constexpr int warps_n = n / (8 * lanes_n);
  static_assert(m % (8 * lanes_m) == 0 && n % (8 * lanes_n) == 0, "whole warps");
};

/// Along which of its axes an operand's values are neighbours in memory.
enum class Neighbours { along_k, along_mn };

/// A thread's part in bringing slices [k, k + depth) x [0, extent) of an operand to shared memory.
template <class Operand, int extent, int depth, int threads, int pad>
class SliceLoader {
 public:
  /// mn0: where the block's tile begins.
  __device__ SliceLoader(const Operand& operand, int mn0) : operand_(operand) {
    DCGAN_UNROLL
    for (int s = 0; s < slots; ++s) cursors_[s] = operand.cursor(mn0 + place(s).mn);
  }

  /// Global memory to registers: the slice that begins at k; zeros from k_end on.
  __device__ __forceinline__ void fetch(int k, int k_end) {
    DCGAN_UNROLL
    for (int s = 0; s < slots; ++s) operand_.load(cursors_[s], k + place(s).k, k_end, values_[s]);
  }

  /// Registers to shared memory, [depth][extent + pad].
  __device__ __forceinline__ void store(float (&slice)[depth][extent + pad]) const {
    DCGAN_UNROLL
    for (int s = 0; s < slots; ++s) {
      const Place at = place(s);
      if constexpr (Operand::neighbours == Neighbours::along_k) {
        DCGAN_UNROLL
        for (int i = 0; i < 4; ++i) slice[at.k + i][at.mn] = values_[s][i];
      } else {
        *reinterpret_cast<float4*>(&slice[at.k][at.mn]) =
            make_float4(values_[s][0], values_[s][1], values_[s][2], values_[s][3]);
      }
    }
  }

 private:
  static_assert(extent * depth % (4 * threads) == 0, "each thread loads as much as the others");
  static constexpr int slots = extent * depth / 4 / threads;

  struct Place {
    int mn, k;
  };
  /// Which four values slot s of this thread holds.
  static __device__ __forceinline__ Place place(int s) {
    const int index = static_cast<int>(threadIdx.x) + s * threads;
    if constexpr (Operand::neighbours == Neighbours::along_k) {
      // 16 rows by two groups of k per warp: whole 32-byte sectors, and no bank conflict on
      // storing.
      constexpr int groups = depth / 4;
      return {index % 16 + index / (16 * groups) * 16, index / 16 % groups * 4};
    } else {
      constexpr int groups = extent / 4;
      return {index % groups * 4, index / groups};
    }
  }

  const Operand& operand_;
  typename Operand::Cursor cursors_[slots];
  float values_[slots][4];
};

/// The block's tile of C that begins at (m0, n0), summed over [k_begin, k_end), handed to
/// writer.write(m, n, four values of row m from column n) in groups of four columns.
template <class Tile, class A, class B, class Writer>
__device__ __forceinline__ void tile_product(const A& a, const B& b, int m0, int n0, int k_begin,
                                             int k_end, const Writer& writer) {
  constexpr int depth = Tile::k;
  alignas(16) __shared__ float a_slices[2][depth][Tile::m + Tile::pad];
  alignas(16) __shared__ float b_slices[2][depth][Tile::n + Tile::pad];

  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  // This thread's rows: m_at + {0..3} and m_at + half_m + {0..3}; columns alike.
  constexpr int half_m = 4 * Tile::lanes_m, half_n = 4 * Tile::lanes_n;
  const int m_at = warp / Tile::warps_n * 2 * half_m + lane / Tile::lanes_n * 4;
  const int n_at = warp % Tile::warps_n * 2 * half_n + lane % Tile::lanes_n * 4;

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
    for (int kk = 0; kk < depth; ++kk) {
      float row[8], column[8];
      const float* a_row = &a_slices[buffer][kk][m_at];
      const float* b_row = &b_slices[buffer][kk][n_at];
      const float4 a_low = *reinterpret_cast<const float4*>(a_row);
      const float4 a_high = *reinterpret_cast<const float4*>(a_row + half_m);
      const float4 b_low = *reinterpret_cast<const float4*>(b_row);
      const float4 b_high = *reinterpret_cast<const float4*>(b_row + half_n);
      row[0] = a_low.x, row[1] = a_low.y, row[2] = a_low.z, row[3] = a_low.w;
      row[4] = a_high.x, row[5] = a_high.y, row[6] = a_high.z, row[7] = a_high.w;
      column[0] = b_low.x, column[1] = b_low.y, column[2] = b_low.z, column[3] = b_low.w;
      column[4] = b_high.x, column[5] = b_high.y, column[6] = b_high.z, column[7] = b_high.w;
      add_outer_product(sum, row, column);
    }
    if (more) {
      a_loader.store(a_slices[buffer ^ 1]);
      b_loader.store(b_slices[buffer ^ 1]);
      __syncthreads();  // the next slice is there, and all have read this one
      buffer ^= 1;
    }
  }

  DCGAN_UNROLL
  for (int i = 0; i < 8; ++i) {
    const int m = m0 + m_at + i / 4 * half_m + i % 4;
    writer.write(m, n0 + n_at, &sum[i][0]);
    writer.write(m, n0 + n_at + half_n, &sum[i][4]);
  }
}

}  // namespace dcgan::DCGAN_HOME
