// A 'same' convolution as products of small discrete Fourier transforms: the algebra and its cost.
//
// In conv2d's terms, along one axis, with kernel size k, stride s and p zeros of padding in front:
//     y[o] = sum_t x[s o + t - p] w[t],   o = 0 .. W - 1,   W = ceil(size / s).
// Polyphase: write t - p = s j + phase with 0 <= phase < s. Then
//     y[o] = sum_phase sum_j x_phase[o + j] w_phase[j],
//     x_phase[i] = x[s i + phase],   w_phase[j] = w[s j + phase + p],   |j| <= T:
// s correlations of stride 1 with short kernels (k = 5: T = 2 for stride 1, T = 1 for stride 2).
//
// Cyclic: take all indices modulo L = W + T. What wraps around meets only the T zeros behind x, so
// the first W results are those of the plain correlation. A discrete Fourier transform (DFT) of
// length L turns it into a product per frequency f, where C is conjugation and channels make it a
// product of matrices [batch, in] x [in, out]:
//     Y(f)    = sum_phase X_phase(f) C(W_phase(f))      forward
//     X'_phase(f) = Y'(f) W_phase(f)                    backward-data, from Y', the gradient of y
//     W'_phase(f) = X_phase(f) C(Y'(f))                 backward-weights, summed over the batch
//
// In two dimensions there are L^2 frequencies, and as x is real, F(-f) = C(F(f)): about half are
// needed. Those that are their own negative are real. A complex product takes three multiplications
// (dft_product.cpp). The 5x5 layer on 7x7 has L = 9, 1 real frequency and 40 complex ones,
// 1 + 40 * 3 = 121 multiplications per pair of channels where the direct form has 49 * 25 = 1225;
// with stride 2 from 14x14, L = 8 and 4 phases of 4 + 30 * 3, 376 where the direct form has 1225.
// The transforms are exact up to float rounding.
#pragma once
#include <cstdint>
#include <vector>

#include "backend/backend.h"

namespace dcgan::cpu {

/// The cosines and sines of a DFT of `length` over a window of 2 * half + 1 samples, index 0 in the
/// middle: entry [k][j - 1] is cos or sin(2 pi j k / length), k = 0 .. length / 2, j = 1 .. half.
struct DftTable {
  DftTable(int length_, int half_);
  int length, half;
  std::vector<float> cosine, sine;
};

constexpr int max_dft_half = 7;       ///< windows of up to 15 samples
constexpr int max_dft_half_taps = 3;  ///< kernels of up to 7 taps per phase
constexpr int max_dft_frequencies = (2 * max_dft_half + 1 + max_dft_half_taps) / 2 + 1;
constexpr std::int64_t dft_lane_block = 16;  ///< channels are padded to whole blocks

/// One frequency of the half that is kept, in the order in which the transforms make them.
struct DftFrequency {
  int planes;          ///< 1: real; 2: real and imaginary
  std::int64_t first;  ///< planes of the frequencies before it
};

struct DftGeometry {
  explicit DftGeometry(const ConvShape& conv2d);

  ConvShape shape;
  std::int64_t out_height, out_width, pad_rows, pad_columns;
  int half, half_taps, length;  ///< J = W / 2, T and L above, of the larger axis
  int phases;                   ///< s^2
  std::int64_t in, out;         ///< channels, padded to dft_lane_block
  std::vector<DftFrequency> frequencies;
  std::int64_t planes = 0;  ///< of all frequencies together: L^2

  /// The multiplications per pair of channels: 1 for a real frequency, 3 for a complex one.
  std::int64_t products() const;
  /// Whether the algebra covers the shape at all.
  bool possible() const;
  /// Whether it is expected to be faster than direct convolution.
  bool pays() const;
};

}  // namespace dcgan::cpu
