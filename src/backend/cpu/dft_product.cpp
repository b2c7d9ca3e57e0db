// A block of rows times a few vectors of columns stays in registers for the whole depth; per step
// of the depth one entry of a is broadcast and meets every vector of b:
//     Re c += Re a Re b + Im a Im b,   Im c += Im a Re b - Re a Im b.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/backend/cpu/dft_product.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h:
#include <hwy/highway.h>

#include <algorithm>

#include "backend/cpu/dft_product.h"
#include "backend/cpu/dft_transform.h"

HWY_BEFORE_NAMESPACE();
namespace dcgan::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// Accumulators (twice rows * vectors), a step's vectors of b and two broadcasts fill the registers:
// 32 of them, or 16 on x86 before AVX-512.
#if HWY_ARCH_X86 && HWY_TARGET > HWY_AVX3
constexpr int block_rows = 5, block_vectors = 1;
#else
constexpr int block_rows = 6, block_vectors = 2;
#endif

/// Rows [row, row + R) and columns [column, column + N vectors).
template <bool complex, bool a_by_depth, int R, int N>
HWY_INLINE void block(const DftProduct& p, std::int64_t row, std::int64_t column) {
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  V real[R][N], imaginary[R][N];
  HWY_UNROLL(8)
  for (int r = 0; r < R; ++r) HWY_UNROLL(8)
  for (int n = 0; n < N; ++n) {
    const float* c = p.c + (row + r) * p.c_row + column + n * lanes;
    real[r][n] = p.accumulate ? hn::LoadU(d, c) : hn::Zero(d);
    imaginary[r][n] = p.accumulate && complex ? hn::LoadU(d, c + p.c_plane) : hn::Zero(d);
  }
  // One of a's strides is 1: known to the compiler, it needs no multiplication.
  const std::int64_t a_row = a_by_depth ? p.a_row : 1, a_depth = a_by_depth ? 1 : p.a_depth;
  const float* a = p.a + row * a_row;
  const float* b = p.b + column / dft_panel * p.b_panel + column % dft_panel;
  for (std::int64_t k = 0; k < p.depth; ++k, a += a_depth, b += p.b_depth) {
    V b_real[N], b_imaginary[N];
    HWY_UNROLL(8)
    for (int n = 0; n < N; ++n) {
      b_real[n] = hn::LoadU(d, b + n * lanes);
      if (complex) b_imaginary[n] = hn::LoadU(d, b + p.b_plane + n * lanes);
    }
    HWY_UNROLL(8)
    for (int r = 0; r < R; ++r) {
      const V a_real = hn::Set(d, a[r * a_row]);
      HWY_UNROLL(8)
      for (int n = 0; n < N; ++n) {
        real[r][n] = hn::MulAdd(a_real, b_real[n], real[r][n]);
        if (complex) imaginary[r][n] = hn::NegMulAdd(a_real, b_imaginary[n], imaginary[r][n]);
      }
      if (!complex) continue;
      const V a_imaginary = hn::Set(d, a[p.a_plane + r * a_row]);
      HWY_UNROLL(8)
      for (int n = 0; n < N; ++n) {
        real[r][n] = hn::MulAdd(a_imaginary, b_imaginary[n], real[r][n]);
        imaginary[r][n] = hn::MulAdd(a_imaginary, b_real[n], imaginary[r][n]);
      }
    }
  }
  HWY_UNROLL(8)
  for (int r = 0; r < R; ++r) HWY_UNROLL(8)
  for (int n = 0; n < N; ++n) {
    float* c = p.c + (row + r) * p.c_row + column + n * lanes;
    hn::StoreU(real[r][n], d, c);
    if (complex) hn::StoreU(imaginary[r][n], d, c + p.c_plane);
  }
}

/// All columns of rows [row, row + rows), rows <= R.
template <bool complex, bool a_by_depth, int R>
HWY_INLINE void row_block(const DftProduct& p, std::int64_t row, std::int64_t rows) {
  if (rows < R) {
    if constexpr (R > 1) row_block<complex, a_by_depth, R - 1>(p, row, rows);
    return;
  }
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(D()));
  std::int64_t column = 0;
  for (; column + block_vectors * lanes <= p.columns; column += block_vectors * lanes)
    block<complex, a_by_depth, R, block_vectors>(p, row, column);
  for (; column < p.columns; column += lanes) block<complex, a_by_depth, R, 1>(p, row, column);
}

template <bool complex, bool a_by_depth>
void product(const DftProduct& p) {
  for (std::int64_t row = p.row0; row < p.row1; row += block_rows)
    row_block<complex, a_by_depth, block_rows>(p, row,
                                               std::min<std::int64_t>(block_rows, p.row1 - row));
}

void Multiply(const DftProduct& p) {
  const bool a_by_depth = p.a_depth == 1;
  if (p.complex)
    a_by_depth ? product<true, true>(p) : product<true, false>(p);
  else
    a_by_depth ? product<false, true>(p) : product<false, false>(p);
}

}  // namespace dcgan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dcgan::cpu {
namespace {
HWY_EXPORT(Multiply);
}  // namespace

void multiply(const DftProduct& product) { HWY_DYNAMIC_DISPATCH(Multiply)(product); }

}  // namespace dcgan::cpu
#endif  // HWY_ONCE
