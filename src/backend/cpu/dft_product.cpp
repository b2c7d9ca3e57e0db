// A complex product takes three multiplications (Gauss):
//     t1 = Re a Re b,   t2 = Im a Im b,   t3 = (Re a + Im a)(Re b - Im b)
//     Re (a C(b)) = t1 + t2,   Im (a C(b)) = t3 - t1 + t2
// and the sums of t1, t2 and t3 over the depth are kept apart until its end.
//
// A slice of the depth of some rows of a is packed first: four rows side by side, and Re a + Im a
// beside them, so that the inner loop reads a through one pointer. It keeps four rows times a few
// vectors of columns in registers; per step of the depth each packed entry is broadcast and meets
// the vectors of b.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/dft_product.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h:
#include <hwy/highway.h>

#include <algorithm>

#include "backend/cpu/dft_product.h"
#include "backend/cpu/dft_transform.h"
#include "backend/cpu/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dcgan::cpu::HWY_NAMESPACE {

// Accumulators (three times rows * vectors) and a step's vectors of b fill the registers but one or
// two.
constexpr int block_rows = 4, block_vectors = registers == 32 ? 2 : 1;

constexpr std::int64_t slice_depth = 128;  // a panel of b, this deep, stays in the first cache
constexpr std::int64_t group_rows = 64;    // and a's packed rows in the second

/// Four rows: real, imaginary and their sum.
struct PackedRows {
  HWY_ALIGN float real[slice_depth * block_rows];
  HWY_ALIGN float imaginary[slice_depth * block_rows];
  HWY_ALIGN float sum[slice_depth * block_rows];
};

/// Steps [k0, k1) of rows [row, row + rows), rows <= block_rows. The planes in one pass, which is
/// measurably faster than one after the other.
template <bool complex, bool a_by_depth>
HWY_INLINE void pack(const DftProduct& p, std::int64_t row, std::int64_t rows, std::int64_t k0,
                     std::int64_t k1, PackedRows& out) {
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const float* a = p.a + row * p.a_row + k0 * p.a_depth;
  const std::int64_t depth = k1 - k0;
  std::int64_t k = 0;
  if (a_by_depth && rows == block_rows)
    for (; k + lanes <= depth; k += lanes) {
      const auto interleave = [&](float* to, auto plane) HWY_ATTR {
        hn::StoreInterleaved4(plane(0), plane(1), plane(2), plane(3), d, to + k * block_rows);
      };
      const auto real = [&](int r) HWY_ATTR { return hn::LoadU(d, a + r * p.a_row + k); };
      const auto imaginary = [&](int r)
                                 HWY_ATTR { return hn::LoadU(d, a + p.a_plane + r * p.a_row + k); };
      interleave(out.real, real);
      if (!complex) continue;
      interleave(out.imaginary, imaginary);
      interleave(out.sum, [&](int r) HWY_ATTR { return hn::Add(real(r), imaginary(r)); });
    }
  const hn::CappedTag<float, block_rows> d4;
  if (!a_by_depth && rows == block_rows)
    for (; k < depth; ++k)
      for (std::size_t r = 0; r < block_rows; r += hn::Lanes(d4)) {
        const float* entry = a + k * p.a_depth + r;
        const auto real = hn::LoadU(d4, entry);
        hn::Store(real, d4, out.real + k * block_rows + r);
        if (!complex) continue;
        const auto imaginary = hn::LoadU(d4, entry + p.a_plane);
        hn::Store(imaginary, d4, out.imaginary + k * block_rows + r);
        hn::Store(hn::Add(real, imaginary), d4, out.sum + k * block_rows + r);
      }
  for (; k < depth; ++k)
    for (std::int64_t r = 0; r < rows; ++r) {
      const float* entry = a + r * p.a_row + k * p.a_depth;
      out.real[k * block_rows + r] = entry[0];
      if (!complex) continue;
      out.imaginary[k * block_rows + r] = entry[p.a_plane];
      out.sum[k * block_rows + r] = entry[0] + entry[p.a_plane];
    }
}

/// Rows [row, row + R), packed in a, and columns [column, column + N vectors).
template <bool complex, int R, int N>
HWY_INLINE void block(const DftProduct& p, const PackedRows& packed, std::int64_t row,
                      std::int64_t k0, std::int64_t k1, std::int64_t column) {
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const bool accumulate = p.accumulate || k0 > 0;
  V t1[R][N], t2[R][N], t3[R][N];
  HWY_UNROLL(8)
  for (int r = 0; r < R; ++r) HWY_UNROLL(8)
  for (int n = 0; n < N; ++n) {
    const float* c = p.c + (row + r) * p.c_row + column + n * lanes;
    t1[r][n] = accumulate ? hn::LoadU(d, c) : hn::Zero(d);
    t2[r][n] = hn::Zero(d);
    t3[r][n] = accumulate && complex ? hn::Add(t1[r][n], hn::LoadU(d, c + p.c_plane)) : hn::Zero(d);
  }
  const float* a = packed.real;
  const float* b = p.b + column / dft_panel * p.b_panel + column % dft_panel + k0 * p.b_depth;
  constexpr std::int64_t plane = slice_depth * block_rows;
  for (std::int64_t k = k0; k < k1; ++k, a += block_rows, b += p.b_depth) {
    V b_real[N], b_imaginary[N], b_difference[N];
    HWY_UNROLL(8)
    for (int n = 0; n < N; ++n) {
      b_real[n] = hn::LoadU(d, b + n * lanes);
      if (!complex) continue;
      b_imaginary[n] = hn::LoadU(d, b + p.b_plane + n * lanes);
      b_difference[n] = hn::Sub(b_real[n], b_imaginary[n]);
    }
    HWY_UNROLL(8)
    for (int r = 0; r < R; ++r) {
      const V a_real = hn::Set(d, a[r]);
      HWY_UNROLL(8)
      for (int n = 0; n < N; ++n) t1[r][n] = hn::MulAdd(a_real, b_real[n], t1[r][n]);
      if (!complex) continue;
      const V a_imaginary = hn::Set(d, a[plane + r]), a_sum = hn::Set(d, a[2 * plane + r]);
      HWY_UNROLL(8)
      for (int n = 0; n < N; ++n) {
        t2[r][n] = hn::MulAdd(a_imaginary, b_imaginary[n], t2[r][n]);
        t3[r][n] = hn::MulAdd(a_sum, b_difference[n], t3[r][n]);
      }
    }
  }
  HWY_UNROLL(8)
  for (int r = 0; r < R; ++r) HWY_UNROLL(8)
  for (int n = 0; n < N; ++n) {
    float* c = p.c + (row + r) * p.c_row + column + n * lanes;
    hn::StoreU(complex ? hn::Add(t1[r][n], t2[r][n]) : t1[r][n], d, c);
    if (complex) hn::StoreU(hn::Add(hn::Sub(t3[r][n], t1[r][n]), t2[r][n]), d, c + p.c_plane);
  }
}

/// The same for `rows` rows, 1 <= rows <= R.
template <bool complex, int R, int N>
HWY_INLINE void block_of(std::int64_t rows, const DftProduct& p, const PackedRows& packed,
                         std::int64_t row, std::int64_t k0, std::int64_t k1, std::int64_t column) {
  if (rows == R) return block<complex, R, N>(p, packed, row, k0, k1, column);
  if constexpr (R > 1) block_of<complex, R - 1, N>(rows, p, packed, row, k0, k1, column);
}

template <bool complex, bool a_by_depth>
void product(const DftProduct& p) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(D()));
  PackedRows packed[group_rows / block_rows];
  for (std::int64_t group = p.row0; group < p.row1; group += group_rows) {
    const std::int64_t group_end = std::min(group + group_rows, p.row1);
    const auto over_blocks = [&](auto f) HWY_ATTR {
      for (std::int64_t row = group; row < group_end; row += block_rows)
        f(packed[(row - group) / block_rows], row,
          std::min<std::int64_t>(block_rows, group_end - row));
    };
    for (std::int64_t k0 = 0; k0 < p.depth; k0 += slice_depth) {
      const std::int64_t k1 = std::min(k0 + slice_depth, p.depth);
      over_blocks([&](PackedRows& a, std::int64_t row, std::int64_t rows)
                      HWY_ATTR { pack<complex, a_by_depth>(p, row, rows, k0, k1, a); });
      std::int64_t column = 0;
      for (; column + block_vectors * lanes <= p.columns; column += block_vectors * lanes)
        over_blocks([&](const PackedRows& a, std::int64_t row, std::int64_t rows) HWY_ATTR {
          block_of<complex, block_rows, block_vectors>(rows, p, a, row, k0, k1, column);
        });
      for (; column < p.columns; column += lanes)
        over_blocks([&](const PackedRows& a, std::int64_t row, std::int64_t rows) HWY_ATTR {
          block_of<complex, block_rows, 1>(rows, p, a, row, k0, k1, column);
        });
    }
  }
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
