// Convolutions through small discrete Fourier transforms (dft_geometry.h has the algebra).
#pragma once
#include <memory>

#include "backend/cpu/convolution.h"
#include "backend/cpu/dft_geometry.h"

namespace dcgan::cpu {

/// Spectra, of a chunk of samples and of the kernel: what a call needs until it returns. One serves
/// any number of convolutions of which only one runs at a time.
struct DftScratch {
  Buffer source, destination, kernel, kernel_gradient, transposed_kernel;
};

/// The geometry must be possible(). samples_at_once 0: chosen for speed.
std::unique_ptr<Convolution> make_dft_convolution(const DftGeometry& geometry,
                                                  std::shared_ptr<DftScratch> scratch,
                                                  std::int64_t samples_at_once = 0);

}  // namespace dcgan::cpu
