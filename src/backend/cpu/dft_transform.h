// The transforms of dft_geometry.h: images and kernels to spectra, and their adjoints.
//
// Layouts, in floats; R and C below stand for the real and the imaginary plane, C only where the
// frequency is complex; channels are padded with zeros:
//   spectrum of an image   [frequency][sample][R, C][phase][channel]
//   spectrum of a kernel   [frequency][panel][depth][R, C][32]: what a product reads in one go;
//                          the panel covers 32 columns, depth is what the product sums over
//   spectrum of a kernel's gradient   [frequency][phase][in][R, C][out]
// Between two frequencies lies a gap of a few cache lines: at a distance of a power of two they
// would all fight for the same sets of the caches.
#pragma once
#include <cstdint>
#include <vector>

#include "backend/cpu/dft_geometry.h"

namespace dcgan::cpu {

constexpr std::int64_t dft_panel = 32;  ///< columns of a panel of a kernel's spectrum

/// Where frequency f of a spectrum begins, for `row` floats per plane and row and `rows` rows.
struct SpectrumLayout {
  SpectrumLayout() = default;
  SpectrumLayout(const DftGeometry& g, std::int64_t rows_, std::int64_t row_);
  std::int64_t rows = 0, row = 0;
  std::vector<std::int64_t> first;  ///< per frequency
  std::int64_t floats = 0;
};

/// One of a convolution's images: the source, in `phases` phases, or the destination, in one.
struct DftImage {
  std::int64_t height, width, channels;  ///< as it lies in memory, NHWC
  std::int64_t padded_channels;
  int stride;
  SpectrumLayout layout;  ///< of as many samples as are transformed at once
  std::int64_t sample_size() const { return height * width * channels; }
};

/// What the transforms of one convolution share.
class DftTransforms {
 public:
  /// `samples`: how many are in a spectrum at most.
  DftTransforms(const DftGeometry& geometry, std::int64_t samples);

  const DftImage& source() const { return source_; }
  const DftImage& destination() const { return destination_; }
  /// Of a kernel for the forward product (depth: phases * in) or for backward-data (depth: out).
  const SpectrumLayout& forward_kernel() const { return forward_kernel_; }
  const SpectrumLayout& backward_kernel() const { return backward_kernel_; }
  const SpectrumLayout& kernel_gradient() const { return kernel_gradient_; }

  /// x [samples, height, width, channels] to its spectrum.
  void analyse(const DftImage& image, std::int64_t samples, const float* x, float* spectrum) const;
  /// The adjoint of analyse().
  void synthesise(const DftImage& image, std::int64_t samples, const float* spectrum,
                  float* x) const;

  /// kernel [k, k, in, out] -> its spectrum over L^2, the inverse transform's factor.
  void analyse_kernel(const float* kernel, float* spectrum) const;
  /// The same for backward-data: conjugated, in and out changed over. `transposed` has room for the
  /// kernel.
  void analyse_kernel_adjoint(const float* kernel, float* transposed, float* spectrum) const;
  void synthesise_kernel_gradient(const float* spectrum, float* kernel_gradient) const;

 private:
  void analyse_taps(const float* kernel, std::int64_t rows, std::int64_t columns, bool adjoint,
                    const SpectrumLayout& layout, float* spectrum) const;

  const DftGeometry& geometry_;
  DftTable image_table_, kernel_table_;
  DftImage source_, destination_;
  SpectrumLayout forward_kernel_, backward_kernel_, kernel_gradient_;
};

}  // namespace dcgan::cpu
