// The products of spectra, frequency by frequency: C = A conj(B), complex or real, of matrices.
#pragma once
#include <cstdint>

namespace dcgan::cpu {

/// c[row][column] = sum over depth of a[row][depth] * conj(b[depth][column]), for rows [row0,
/// row1); with `accumulate`, c += that sum. The planes (real, imaginary) of a matrix lie `plane`
/// floats apart.
struct DftProduct {
  bool complex, accumulate;
  std::int64_t row0, row1, columns, depth;  ///< columns: a multiple of 16
  const float* a;
  std::int64_t a_row, a_depth, a_plane;  ///< strides; a_row or a_depth is 1
  const float* b;                        ///< in panels of 32 columns (dft_panel)
  std::int64_t b_panel, b_depth, b_plane;
  float* c;
  std::int64_t c_row, c_plane;
};

void multiply(const DftProduct& product);

}  // namespace dcgan::cpu
