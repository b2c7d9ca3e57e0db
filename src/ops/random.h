// Draws: counter-based, so that no generator has state and every backend draws the same bits.
#pragma once
#include <cstdint>
#include <vector>

#include "ops/op.h"

namespace dcgan {

/// Where a random number comes from: (seed, stream, step, element). ops/philox.h has the generator.
struct RandomAddress {
  std::uint64_t seed;
  std::uint32_t stream;
  std::uint64_t step;
  const std::uint64_t* step_in_memory = nullptr;  ///< of the device; if set, it has the step
};

/// Streams of random numbers; with the seed, the step and the element they address every draw.
namespace random_stream {
constexpr std::uint32_t initialisation = 1;  // step: network << 32 | tensor
constexpr std::uint32_t shuffle = 2;         // step: the epoch
constexpr std::uint32_t noise = 3;
constexpr std::uint32_t sample = 4;    // step: the chunk of samples
constexpr std::uint32_t mirror = 5;    // step: the epoch
constexpr std::uint32_t dropout = 16;  // + layer + 16 * pass of the step
}  // namespace random_stream

/// n draws from N(0, 1) by Box and Muller; values 4 i .. 4 i + 3 are made of Philox block i.
struct NormalDraw {
  RandomAddress address;
  std::int64_t n;
  float* out;
};

/// n bytes, 1 with probability 1 - dropout_rate (to 2^-16), else 0; bytes 8 i .. 8 i + 7 are made
/// of the 16-bit halves of Philox block i.
struct KeepMaskDraw {
  RandomAddress address;
  float dropout_rate;
  std::int64_t n;
  std::uint8_t* out;

  /// An element is 0 where its 16 bits are below this.
  std::uint32_t threshold() const;
};

double least_bytes(const NormalDraw& draw);
Op describe(const NormalDraw& draw);
/// Of masks that are drawn together.
double least_bytes(const std::vector<KeepMaskDraw>& draws);
Op describe(const std::vector<KeepMaskDraw>& draws);
/// Both at once.
Op describe(const NormalDraw& normal, const std::vector<KeepMaskDraw>& masks);

}  // namespace dcgan
