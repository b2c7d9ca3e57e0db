// Convolutions through small discrete Fourier transforms (dft_geometry.h has the algebra).
#pragma once
#include <memory>

#include "backend/cpu/convolution.h"
#include "backend/cpu/dft_geometry.h"

namespace dcgan::cpu {

/// The geometry must be possible(). samples_at_once 0: as many as stay in the cache.
std::unique_ptr<Convolution> make_dft_convolution(const DftGeometry& geometry,
                                                  std::int64_t samples_at_once = 0);

}  // namespace dcgan::cpu
