// Noise and dropout masks on the device, addressed by (seed, stream, step, element).
#pragma once
#include <vector>

#include "kernels/device/device.h"
#include "ops/random.h"

namespace dcgan::DCGAN_TARGET {

/// The result's address is a multiple of 16 bytes.
void draw_normal(const NormalDraw& draw, cudaStream_t stream);
/// Up to four masks in one launch. The results' addresses are multiples of 8 bytes.
void draw_keep_masks(const std::vector<KeepMaskDraw>& draws, cudaStream_t stream);

/// Both, with the first masks in one launch.
void draw(const NormalDraw& normal, const std::vector<KeepMaskDraw>& masks, cudaStream_t stream);

}  // namespace dcgan::DCGAN_TARGET
