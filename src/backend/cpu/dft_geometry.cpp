// Plans the small DFT of a convolution and weighs it against the direct form.
#include "backend/cpu/dft_geometry.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace dcgan::cpu {
namespace {

std::int64_t ceil_divide(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// T: the largest |j| of a tap t - padding = stride * j + phase.
std::int64_t half_taps_of(const ConvShape& s, std::int64_t padding) {
  const std::int64_t before = ceil_divide(padding, s.stride);
  const std::int64_t after = std::max<std::int64_t>(s.kernel - 1 - padding, 0) / s.stride;
  return std::max(before, after);
}

std::int64_t padded(std::int64_t channels) {
  return ceil_divide(channels, dft_lane_block) * dft_lane_block;
}

}  // namespace

DftTable::DftTable(int length_, int half_) : length(length_), half(half_) {
  for (int k = 0; k <= length / 2; ++k)
    for (int j = 1; j <= half; ++j) {
      const double angle = 2 * std::numbers::pi * (j * k % length) / length;
      const bool real = 2 * k == length || k == 0;
      cosine.push_back(static_cast<float>(std::cos(angle)));
      sine.push_back(real ? 0.0F : static_cast<float>(std::sin(angle)));
    }
}

DftGeometry::DftGeometry(const ConvShape& s)
    : shape(s),
      out_height(s.out_height()),
      out_width(s.out_width()),
      pad_rows(s.pad_top()),
      pad_columns(s.pad_left()),
      phases(static_cast<int>(s.stride * s.stride)),
      in(padded(s.in)),
      out(padded(s.out)) {
  const std::int64_t window = std::max(out_height, out_width);
  half = static_cast<int>(window / 2);
  half_taps = static_cast<int>(std::max(half_taps_of(s, pad_rows), half_taps_of(s, pad_columns)));
  length = static_cast<int>(window) + half_taps;
  if (!possible()) return;
  const auto own_negative = [&](int k) { return k == 0 || 2 * k == length; };
  const auto add = [&](int frequency_planes) {
    frequencies.push_back({frequency_planes, planes});
    planes += frequency_planes;
  };
  // The order of dft_transform.cpp: by column frequency, within it 0, 1, -1, 2, -2 ...
  for (int column = 0; column <= length / 2; ++column)
    for (int row = 0; row <= length / 2; ++row) {
      const bool both = own_negative(row) && own_negative(column);
      add(both ? 1 : 2);
      if (!own_negative(row) && !own_negative(column)) add(2);
    }
}

std::int64_t DftGeometry::products() const {
  std::int64_t sum = 0;
  for (const DftFrequency& f : frequencies) sum += f.planes == 2 ? 3 : 1;
  return sum;
}

bool DftGeometry::possible() const {
  return half >= 1 && half <= max_dft_half && half_taps >= 1 && half_taps <= max_dft_half_taps;
}

// Counted in multiply-adds per sample; the kernel's transform is shared by the batch. What a
// transform costs for each value that it makes was fitted to 60 shapes timed beside oneDNN (batch
// 1, 16 and 256; 7x7 to 28x28; kernels of 3 and 5; 16 to 128 channels; two AVX-512 cores).
bool DftGeometry::pays() const {
  if (!possible()) return false;
  const double pairs = static_cast<double>(in * out);
  const double direct = static_cast<double>(out_height * out_width * shape.kernel * shape.kernel) *
                        static_cast<double>(shape.in * shape.out);
  const double product = static_cast<double>(products() * phases) * pairs;
  const double images = (20.0 + 2 * half + 1) * static_cast<double>(planes * (phases * in + out));
  const double kernel = (20.0 + 2 * (2 * half_taps + 1)) * static_cast<double>(planes * phases) *
                        pairs / static_cast<double>(shape.batch);
  return product + images + kernel < direct;
}

}  // namespace dcgan::cpu
