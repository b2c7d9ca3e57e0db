// Noise and dropout masks drawn on the device, addressed by (seed, stream, step, element).
#pragma once
#include "kernels/device/device.h"

namespace dcgan::DCGAN_TARGET {

struct PhiloxAddress {
  std::uint64_t seed;
  std::uint32_t stream;
  std::uint64_t step;
};

/// n draws from N(0, 1) by Box and Muller; values 4 i .. 4 i + 3 are made of Philox block
/// i. `out` is a multiple of 16 bytes.
void draw_normal(const PhiloxAddress& address, std::int64_t n, float* out, cudaStream_t stream);

/// n bytes: 0 where the element's 16 bits are below `threshold`, else 1; bytes 8 i .. 8 i + 7 are
/// made of Philox block i. `out` is a multiple of 8 bytes.
void draw_keep_mask(const PhiloxAddress& address, std::uint32_t threshold, std::int64_t n,
                    std::uint8_t* out, cudaStream_t stream);

}  // namespace dcgan::DCGAN_TARGET
