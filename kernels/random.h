// Noise and dropout masks on the device, addressed by (seed, stream, step, element).
#pragma once
#include "kernels/device/device.h"
#include "ops/random.h"

namespace dcgan::DCGAN_TARGET {

/// The result is a multiple of 16 bytes.
void draw_normal(const NormalDraw& draw, cudaStream_t stream);
/// The result is a multiple of 8 bytes.
void draw_keep_mask(const KeepMaskDraw& draw, cudaStream_t stream);

}  // namespace dcgan::DCGAN_TARGET
