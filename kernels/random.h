// Noise and dropout masks on the device, addressed by (seed, stream, step, element).
#pragma once
#include <vector>

#include "kernels/device/device.h"
#include "ops/random.h"

namespace dcgan::DCGAN_TARGET {

/// The normals, if there are any, and up to four masks in one launch; further masks in others.
/// Addresses of results are multiples of 16 bytes, those of masks of 8.
void draw(const NormalDraw& normal, const std::vector<KeepMaskDraw>& masks, cudaStream_t stream);

}  // namespace dcgan::DCGAN_TARGET
