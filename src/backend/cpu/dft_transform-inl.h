// The two-dimensional real DFT of a small window and its adjoint, a vector of channels at a time.
// Included once per Highway target; see dft_geometry.h for the algebra.
//
// One axis, with the window's samples x_j, |j| <= J:
//     Re F(k) = x_0 + sum_{j=1..J} (x_j + x_-j) cos(2 pi j k / L)
//     Im F(k) =     - sum_{j=1..J} (x_j - x_-j) sin(2 pi j k / L),   k = 0 .. L / 2
// Rows first. The columns of the rows' real and imaginary parts, a and b, are real again, and
//     F(k, column) = a(k) + i b(k),   F(-k, column) = C(a(k)) + i C(b(k)).
#if defined(DCGAN_DFT_TRANSFORM_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DCGAN_DFT_TRANSFORM_INL
#undef DCGAN_DFT_TRANSFORM_INL
#else
#define DCGAN_DFT_TRANSFORM_INL
#endif
#include <hwy/highway.h>

#include "backend/cpu/dft_geometry.h"
#include "backend/cpu/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dcgan::cpu::HWY_NAMESPACE {

/// The rows' transforms: real and imaginary parts by column frequency and row.
template <int J>
struct RowSpectra {
  static constexpr int window = 2 * J + 1;
  static constexpr int most = max_dft_frequencies;
  static constexpr int lanes = static_cast<int>(hn::MaxLanes(D()));
  HWY_ALIGN float real[most * window * lanes];
  HWY_ALIGN float imaginary[most * window * lanes];
  static int at(int column, int row) { return (column * window + row) * lanes; }
};

/// x_0, and the sums and differences of x_j and x_-j.
template <int J>
struct Halves {
  V middle, even[J], odd[J];

  template <class Fetch>
  HWY_INLINE explicit Halves(Fetch fetch) : middle(fetch(J)) {
    HWY_UNROLL(8)
    for (int j = 1; j <= J; ++j) {
      const V after = fetch(J + j), before = fetch(J - j);
      even[j - 1] = hn::Add(after, before);
      odd[j - 1] = hn::Sub(after, before);
    }
  }

  HWY_INLINE V real(D d, const float* cosine) const {
    V sum = middle;
    HWY_UNROLL(8)
    for (int j = 0; j < J; ++j) sum = hn::MulAdd(even[j], hn::Set(d, cosine[j]), sum);
    return sum;
  }
  HWY_INLINE V imaginary(D d, const float* sine) const {
    V sum = hn::Zero(d);
    HWY_UNROLL(8)
    for (int j = 0; j < J; ++j) sum = hn::NegMulAdd(odd[j], hn::Set(d, sine[j]), sum);
    return sum;
  }
};

/// The adjoint of Halves: collects frequencies, then gives back the samples.
template <int J>
struct HalvesAdjoint {
  V middle, even[J], odd[J];

  HWY_INLINE explicit HalvesAdjoint(D d) : middle(hn::Zero(d)) {
    HWY_UNROLL(8)
    for (int j = 0; j < J; ++j) even[j] = odd[j] = hn::Zero(d);
  }
  HWY_INLINE void add(D d, V real, V imaginary, const float* cosine, const float* sine) {
    middle = hn::Add(middle, real);
    HWY_UNROLL(8)
    for (int j = 0; j < J; ++j) {
      even[j] = hn::MulAdd(real, hn::Set(d, cosine[j]), even[j]);
      odd[j] = hn::NegMulAdd(imaginary, hn::Set(d, sine[j]), odd[j]);
    }
  }
  template <class Store>
  HWY_INLINE void give(Store store) const {
    store(J, middle);
    HWY_UNROLL(8)
    for (int j = 1; j <= J; ++j) {
      store(J + j, hn::Add(even[j - 1], odd[j - 1]));
      store(J - j, hn::Sub(even[j - 1], odd[j - 1]));
    }
  }
};

/// What fetch(row, column) gives, transformed: put(f, real, imaginary) for each frequency.
template <int J, class Fetch, class Put>
HWY_INLINE void analyse_window(D d, const DftTable& table, Fetch fetch, Put put) {
  RowSpectra<J> rows;
  const int last = table.length / 2;
  const float *cosine = table.cosine.data(), *sine = table.sine.data();
  for (int row = 0; row < RowSpectra<J>::window; ++row) {
    const Halves<J> x([&](int column) HWY_ATTR { return fetch(row, column); });
    for (int k = 0; k <= last; ++k) {
      hn::Store(x.real(d, cosine + k * J), d, rows.real + rows.at(k, row));
      hn::Store(x.imaginary(d, sine + k * J), d, rows.imaginary + rows.at(k, row));
    }
  }
  int f = 0;
  for (int column = 0; column <= last; ++column) {
    const Halves<J> a([&](int row)
                          HWY_ATTR { return hn::Load(d, rows.real + rows.at(column, row)); });
    if (column == 0 || 2 * column == table.length) {  // b is zero
      for (int k = 0; k <= last; ++k)
        put(f++, a.real(d, cosine + k * J), a.imaginary(d, sine + k * J));
      continue;
    }
    const Halves<J> b([&](int row)
                          HWY_ATTR { return hn::Load(d, rows.imaginary + rows.at(column, row)); });
    for (int k = 0; k <= last; ++k) {
      const V a_real = a.real(d, cosine + k * J), a_imaginary = a.imaginary(d, sine + k * J);
      const V b_real = b.real(d, cosine + k * J), b_imaginary = b.imaginary(d, sine + k * J);
      put(f++, hn::Sub(a_real, b_imaginary), hn::Add(a_imaginary, b_real));
      if (k != 0 && 2 * k != table.length)
        put(f++, hn::Add(a_real, b_imaginary), hn::Sub(b_real, a_imaginary));
    }
  }
}

/// The adjoint of analyse_window: get(f, real, imaginary) for each frequency, store(row, column,
/// value).
template <int J, class Get, class Store>
HWY_INLINE void synthesise_window(D d, const DftTable& table, Get get, Store store) {
  RowSpectra<J> rows;
  const int last = table.length / 2;
  const float *cosine = table.cosine.data(), *sine = table.sine.data();
  int f = 0;
  for (int column = 0; column <= last; ++column) {
    HalvesAdjoint<J> a(d), b(d);
    const bool real = column == 0 || 2 * column == table.length;
    for (int k = 0; k <= last; ++k) {
      V plus_real, plus_imaginary;
      get(f++, plus_real, plus_imaginary);
      if (real) {
        a.add(d, plus_real, plus_imaginary, cosine + k * J, sine + k * J);
      } else if (k == 0 || 2 * k == table.length) {
        a.add(d, plus_real, hn::Zero(d), cosine + k * J, sine + k * J);
        b.add(d, plus_imaginary, hn::Zero(d), cosine + k * J, sine + k * J);
      } else {
        V minus_real, minus_imaginary;
        get(f++, minus_real, minus_imaginary);
        a.add(d, hn::Add(plus_real, minus_real), hn::Sub(plus_imaginary, minus_imaginary),
              cosine + k * J, sine + k * J);
        b.add(d, hn::Add(plus_imaginary, minus_imaginary), hn::Sub(minus_real, plus_real),
              cosine + k * J, sine + k * J);
      }
    }
    a.give([&](int row, V v) HWY_ATTR { hn::Store(v, d, rows.real + rows.at(column, row)); });
    b.give([&](int row, V v) HWY_ATTR { hn::Store(v, d, rows.imaginary + rows.at(column, row)); });
  }
  for (int row = 0; row < RowSpectra<J>::window; ++row) {
    HalvesAdjoint<J> x(d);
    for (int k = 0; k <= last; ++k)
      x.add(d, hn::Load(d, rows.real + rows.at(k, row)),
            hn::Load(d, rows.imaginary + rows.at(k, row)), cosine + k * J, sine + k * J);
    x.give([&](int column, V v) HWY_ATTR { store(row, column, v); });
  }
}

}  // namespace dcgan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
