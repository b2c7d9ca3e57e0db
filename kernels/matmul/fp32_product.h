// C [m, n] = sum over k of A(m, k) * B(k, n) in floats: the main loop of Precision::fp32.
//
// One thread owns 8 x 8 of the block's tile in registers: two groups of four rows by two groups of
// four columns, so that fragments are read from shared memory 16 bytes at a time. The loop over k
// is double-buffered: while the block multiplies one slice of Tile::k from shared memory, the next
// is on its way from global memory into registers.
//
// Shared memory: 2 * Tile::k * (Tile::m + Tile::n + 2 * pad) floats. One barrier per slice: it
// tells that the slice just stored may be read, and that the one before it has been read by all and
// may be overwritten.
#pragma once
#include "kernels/device/pack.h"
#include "kernels/device/register_tile.h"
#include "kernels/device/thread.h"
#include "kernels/matmul/slice_part.h"

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

/// tile_product for a Tile.
template <class Tile, class A, class B, class Writer>
__device__ __forceinline__ void fp32_product(const A& a, const B& b, int m0, int n0, int k_begin,
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
      load_fragment(&a_slices[buffer][kk][m_at], half_m, row);
      load_fragment(&b_slices[buffer][kk][n_at], half_n, column);
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
