// C [m, n] = sum over k of A(m, k) * B(k, n) on tensor cores: the main loop of Precision::tf32 and
// tf32x3.
//
// A warp owns Tile::warp_m x Tile::warp_n of the block's tile. Slices of Tile::k pass through a
// ring of `stages` stages in shared memory, to which they are copied asynchronously: while one is
// multiplied, the next two are on their way. A slice lies there in the operand's own order, so that
// four neighbours stay together, and is rounded when fragments are read.
//
// Shared memory: `stages` slices of A and of B, 46,080 bytes at most. One barrier per slice: it
// tells that everybody's copies of the slice at hand have arrived, and that the one before it has
// been read by all and may be overwritten.
#pragma once
#include "kernels/device/async_copy.h"
#include "kernels/device/tensor_core.h"
#include "kernels/matmul/slice_part.h"
#include "ops/precision.h"

namespace dcgan::DCGAN_TARGET {

/// A slice [0, extent) x [0, depth) of an operand in shared memory. Rows are so much longer than
/// what they hold that the lanes of a fragment, eight neighbours along mn by four along k, meet 32
/// different banks.
template <class Operand, int extent, int depth>
struct SliceLayout {
  static constexpr bool along_k = Operand::neighbours == Neighbours::along_k;
  static constexpr int row = along_k ? depth + 4 : extent + 8;
  static constexpr int floats = row * (along_k ? extent : depth);
  static __device__ __forceinline__ int at(int mn, int k) {
    return along_k ? mn * row + k : k * row + mn;
  }
};

/// Begins to copy the thread's part of the slice at k.
template <class Layout, class Part>
__device__ __forceinline__ void copy_part(const Part& part, int k, int k_end, float* slice) {
  part.visit(k, k_end, [&](int s, int i, const float* data, int offset, bool within) {
    const int mn = Part::mn(s) + (Part::along_k ? 0 : i), kk = Part::k(s) + (Part::along_k ? i : 0);
    copy_async<Part::width>(slice + Layout::at(mn, kk), data + (within ? offset : 0), within);
  });
}

template <int count, int registers>
__device__ __forceinline__ void round_all(const float (&from)[count][registers],
                                          Tf32 (&to)[count][registers]) {
  DCGAN_UNROLL
  for (int i = 0; i < count; ++i) {
    DCGAN_UNROLL
    for (int r = 0; r < registers; ++r) to[i][r] = to_tf32(from[i][r]);
  }
}

/// What rounding has dropped, rounded: the two have 22 of a float's 24 bits. Of an infinite value
/// it is a NaN.
template <int count, int registers>
__device__ __forceinline__ void round_rest(const float (&from)[count][registers],
                                           const Tf32 (&big)[count][registers],
                                           Tf32 (&small)[count][registers]) {
  DCGAN_UNROLL
  for (int i = 0; i < count; ++i) {
    DCGAN_UNROLL
    for (int r = 0; r < registers; ++r) small[i][r] = to_tf32(from[i][r] - big[i][r].value);
  }
}

/// sum[i][j] += A[i] * B[j]. tf32x3: (big + small) * (big + small) without small * small, the
/// smaller terms first.
template <Precision precision, int rows, int columns>
__device__ __forceinline__ void multiply(float (&sum)[rows][columns][4], const float (&a)[rows][4],
                                         const float (&b)[columns][2]) {
  Tf32 a_big[rows][4], b_big[columns][2];
  round_all(a, a_big);
  round_all(b, b_big);
  if constexpr (precision == Precision::tf32x3) {
    Tf32 a_small[rows][4], b_small[columns][2];
    round_rest(a, a_big, a_small);
    round_rest(b, b_big, b_small);
    add_products(sum, a_small, b_big);
    add_products(sum, a_big, b_small);
  }
  add_products(sum, a_big, b_big);
}

/// tile_product for a TensorTile.
template <class Tile, class A, class B, class Writer>
__device__ __forceinline__ void tensor_core_product(const A& a, const B& b, int m0, int n0,
                                                    int k_begin, int k_end, const Writer& writer) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
  __trap();  // no tensor cores for tf32; the backend refuses the precision there
#else
  constexpr int depth = Tile::k, stages = Tile::stages;
  using LayoutA = SliceLayout<A, Tile::m, depth>;
  using LayoutB = SliceLayout<B, Tile::n, depth>;
  alignas(16) __shared__ float a_stages[stages][LayoutA::floats];
  alignas(16) __shared__ float b_stages[stages][LayoutB::floats];

  // Eight lines by four groups of k per warp: whole sectors, and no bank conflict on storing.
  const SlicePart<A, Tile::m, depth, Tile::threads, 8> a_part(a, m0);
  const SlicePart<B, Tile::n, depth, Tile::threads, 8> b_part(b, n0);
  const auto copy_slice = [&](int k, int stage) {
    if (k < k_end) {
      copy_part<LayoutA>(a_part, k, k_end, a_stages[stage]);
      copy_part<LayoutB>(b_part, k, k_end, b_stages[stage]);
    }
    commit_copies();  // behind the last slice as well, so that groups can be counted
  };
  DCGAN_UNROLL
  for (int s = 0; s < stages - 1; ++s) copy_slice(k_begin + s * depth, s);

  constexpr int rows = Tile::warp_m / 16, columns = Tile::warp_n / 8;
  constexpr int warps_n = Tile::n / Tile::warp_n;
  const int group = lane_index() / 4, in_group = lane_index() % 4;
  const int m_at = warp_index() / warps_n * Tile::warp_m,
            n_at = warp_index() % warps_n * Tile::warp_n;
  float sum[rows][columns][4] = {};
  int stage = 0;
  for (int k = k_begin; k < k_end; k += depth) {
    wait_for_copies<stages - 2>();  // this thread's part of the slice at k has arrived
    __syncthreads();                // everybody's has, and all have read the slice before
    copy_slice(k + (stages - 1) * depth, (stage + stages - 1) % stages);
    DCGAN_UNROLL
    for (int kk = 0; kk < depth; kk += 8) {
      float row[rows][4], column[columns][2];
      DCGAN_UNROLL
      for (int i = 0; i < rows; ++i) {
        DCGAN_UNROLL
        for (int r = 0; r < 4; ++r)
          row[i][r] = a_stages[stage][LayoutA::at(m_at + 16 * i + group + r % 2 * 8,
                                                  kk + in_group + r / 2 * 4)];
      }
      DCGAN_UNROLL
      for (int j = 0; j < columns; ++j) {
        DCGAN_UNROLL
        for (int r = 0; r < 2; ++r)
          column[j][r] = b_stages[stage][LayoutB::at(n_at + 8 * j + group, kk + in_group + r * 4)];
      }
      multiply<Tile::precision>(sum, row, column);
    }
    stage = (stage + 1) % stages;
  }

  // A lane has two columns of rows `group` and group + 8, its neighbour the two beside them. They
  // swap, and have four columns each: of the first row the even lane, of the second the odd one.
  const bool odd = in_group % 2 == 1;
  typename Writer::Four fours[columns];
  DCGAN_UNROLL
  for (int j = 0; j < columns; ++j) fours[j] = writer.columns(n0 + n_at + 8 * j + in_group / 2 * 4);
  DCGAN_UNROLL
  for (int i = 0; i < rows; ++i) {
    const auto row = writer.row(m0 + m_at + 16 * i + group + (odd ? 8 : 0));
    DCGAN_UNROLL
    for (int j = 0; j < columns; ++j) {
      const float(&c)[4] = sum[i][j];
      const float first = shuffle_xor(odd ? c[0] : c[2], 1);
      const float second = shuffle_xor(odd ? c[1] : c[3], 1);
      const float values[4] = {odd ? first : c[0], odd ? second : c[1], odd ? c[2] : first,
                               odd ? c[3] : second};
      writer.write(row, fours[j], values);
    }
  }
#endif
}

}  // namespace dcgan::DCGAN_TARGET
