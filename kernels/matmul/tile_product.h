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
#include "kernels/device/thread.h"

namespace dcgan::DCGAN_TARGET {

/// Shape of a block's work. 64 values of C per thread.
template <int m_, int n_>
struct Tile {
  static constexpr int m = m_, n = n_, k = 8;
  static constexpr int threads = m * n / 64;
  // So many that some multiply while others wait at their barrier: 16 warps on a multiprocessor,
  // with 128 registers per thread; 12 where a thread brings in more than two packs of A and B.
  static constexpr int blocks_per_multiprocessor = (threads > 128 ? 16 : 12) * 32 / threads;
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

/// A thread's part in bringing slices [k, k + depth) x [0, extent) of an operand to shared memory:
/// `slots` times four neighbours. Where they lie along k, the slots are lines that share a step;
/// where they lie along mn, steps that share a line.
template <class Operand, int extent, int depth, int threads, int pad>
class SliceLoader {
 public:
  /// mn0: where the block's tile begins.
  __device__ SliceLoader(const Operand& operand, int mn0) : operand_(operand) {
    DCGAN_UNROLL
    for (int i = 0; i < lines; ++i) lines_[i] = operand.line(mn0 + (along_k ? mn(i) : mn(0) + i));
  }

  /// Global memory to registers: the slice that begins at k; zeros from k_end on.
  __device__ __forceinline__ void fetch(int k, int k_end) {
    typename Operand::Step steps[along_k ? singles : slots];
    DCGAN_UNROLL
    for (int i = 0; i < (along_k ? singles : slots); ++i)
      steps[i] = operand_.step(k + (along_k ? this->k(0) + i : this->k(i)), k_end);
    DCGAN_UNROLL
    for (int s = 0; s < slots; ++s) {
      DCGAN_UNROLL
      for (int i = 0; i < singles; ++i) {
        const auto& line = lines_[along_k ? s : i];
        const auto& step = steps[along_k ? i : s];
        load(operand_.inside(line, step), line.offset + step.offset, &values_[s][i]);
      }
    }
  }

  /// Registers to shared memory, [depth][extent + pad].
  __device__ __forceinline__ void store(float (&slice)[depth][extent + pad]) const {
    DCGAN_UNROLL
    for (int s = 0; s < slots; ++s) {
      if constexpr (along_k) {
        DCGAN_UNROLL
        for (int i = 0; i < 4; ++i) slice[k(s) + i][mn(s)] = values_[s][i];
      } else {
        *reinterpret_cast<float4*>(&slice[k(s)][mn(s)]) =
            make_float4(values_[s][0], values_[s][1], values_[s][2], values_[s][3]);
      }
    }
  }

 private:
  static constexpr bool along_k = Operand::neighbours == Neighbours::along_k;
  static constexpr int slots = extent * depth / 4 / threads;
  static constexpr int singles = Operand::vec4 ? 1 : 4;  // loads per slot
  static constexpr int lines = along_k ? slots : singles;
  // Groups of four along the neighbouring axis. 16 rows by two groups of k per warp are whole
  // 32-byte sectors, and no bank conflict on storing.
  static constexpr int groups = (along_k ? depth : extent) / 4;
  static_assert(extent * depth % (4 * threads) == 0, "each thread loads as much as the others");
  static_assert(threads % (along_k ? 16 * groups : groups) == 0, "slots share a step or a line");

  /// Where slot s of this thread begins.
  static __device__ __forceinline__ int mn(int s) {
    const int thread = thread_index();
    if constexpr (along_k)
      return thread % 16 + thread / (16 * groups) * 16 + s * (threads / groups);
    else
      return thread % groups * 4;
  }
  static __device__ __forceinline__ int k(int s) {
    const int thread = thread_index();
    if constexpr (along_k)
      return thread / 16 % groups * 4;
    else
      return thread / groups + s * (threads / groups);
  }

  /// One or four values from data + offset, or zeros.
  __device__ __forceinline__ void load(bool inside, int offset, float* to) const {
    if constexpr (Operand::vec4) {
      float4 v = make_float4(0, 0, 0, 0);
      if (inside) v = *reinterpret_cast<const float4*>(operand_.data + offset);
      to[0] = v.x, to[1] = v.y, to[2] = v.z, to[3] = v.w;
    } else {
      *to = inside ? operand_.data[offset] : 0.0F;
    }
  }

  const Operand& operand_;
  typename Operand::Line lines_[lines];
  float values_[slots][4];
};

/// The block's tile of C that begins at (m0, n0), summed over [k_begin, k_end), handed to the
/// writer in groups of four columns.
template <class Tile, class A, class B, class Writer>
__device__ __forceinline__ void tile_product(const A& a, const B& b, int m0, int n0, int k_begin,
                                             int k_end, const Writer& writer) {
  constexpr int depth = Tile::k;
  alignas(16) __shared__ float a_slices[2][depth][Tile::m + Tile::pad];
  alignas(16) __shared__ float b_slices[2][depth][Tile::n + Tile::pad];

  const int lane = lane_index(), warp = warp_index();
  // This thread's rows: m_at + {0..3} and m_at + half_m + {0..3}; columns alike. Lanes that differ
  // in bit 0 share rows, lanes that differ in bit 1 share columns: a 16-byte load is served eight
  // lanes at a time, sixteen where such neighbours ask for the same, which so holds for A and for
  // B.
  constexpr int half_m = 4 * Tile::lanes_m, half_n = 4 * Tile::lanes_n;
  const int lane_n = lane % 2 + lane / 4 % (Tile::lanes_n / 2) * 2;
  const int lane_m = lane / 2 % 2 + lane / (2 * Tile::lanes_n) * 2;
  const int m_at = warp / Tile::warps_n * 2 * half_m + lane_m * 4;
  const int n_at = warp % Tile::warps_n * 2 * half_n + lane_n * 4;

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

  const auto low = writer.columns(n0 + n_at), high = writer.columns(n0 + n_at + half_n);
  DCGAN_UNROLL
  for (int i = 0; i < 8; ++i) {
    const auto row = writer.row(m0 + m_at + i / 4 * half_m + i % 4);
    writer.write(row, low, &sum[i][0]);
    writer.write(row, high, &sum[i][4]);
  }
}

}  // namespace dcgan::DCGAN_TARGET
