// Draws addressed by (seed, stream, step, element); kernels/philox.h has the generator.
#pragma once
#include "backend/backend.h"

namespace dcgan::cpu {

/// Elements 4b to 4b + 3 come from Philox block b: words (0, 1) give the first two, (2, 3) the
/// others.
void draw_normal(const RandomAddress& address, std::int64_t n, float* out);

/// Element e comes from Philox block e / 8, 16-bit half e % 8, low half first: kept where it is not
/// below dropout_rate * 2^16, rounded.
void draw_keep_mask(const RandomAddress& address, float dropout_rate, std::int64_t n,
                    std::uint8_t* out);

}  // namespace dcgan::cpu
