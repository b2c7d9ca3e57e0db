// Counter-based random numbers, the same bits on every backend: Philox 4x32-10 (Salmon et al.,
// "Parallel Random Numbers: As Easy as 1, 2, 3", SC'11) and a permutation built on it.
#pragma once
#include <cstdint>

#include "ops/random.h"

#if defined(__CUDACC__)
#define DCGAN_HOST_DEVICE __host__ __device__
#else  // each target inlines its own: equal names would be merged when the program is linked
#define DCGAN_HOST_DEVICE __attribute__((always_inline))
#endif

namespace dcgan {

struct PhiloxBlock {
  std::uint32_t word[4];
};

DCGAN_HOST_DEVICE inline PhiloxBlock philox(PhiloxBlock counter, std::uint32_t key0,
                                            std::uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * counter.word[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * counter.word[2];
    counter = {{static_cast<std::uint32_t>(p1 >> 32) ^ counter.word[1] ^ key0,
                static_cast<std::uint32_t>(p1),
                static_cast<std::uint32_t>(p0 >> 32) ^ counter.word[3] ^ key1,
                static_cast<std::uint32_t>(p0)}};
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return counter;
}

/// Block `index` of the numbers addressed by (seed, stream, step). Counter words: the block's
/// index, the stream, the step's low and high half; the key is the seed.
DCGAN_HOST_DEVICE inline PhiloxBlock philox_at(std::uint64_t seed, std::uint32_t stream,
                                               std::uint64_t step, std::uint32_t index) {
  return philox(
      {{index, stream, static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(step >> 32)}},
      static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32));
}

/// The address with its step, which an op knows when it runs.
DCGAN_HOST_DEVICE inline RandomAddress resolved(RandomAddress a) {
  if (a.step_in_memory) a.step = *a.step_in_memory;
  return a;
}

/// A fair coin for each index at (seed, stream, step).
DCGAN_HOST_DEVICE inline bool philox_coin(std::uint64_t seed, std::uint32_t stream,
                                          std::uint64_t step, std::uint64_t index) {
  return (philox_at(seed, stream, step, static_cast<std::uint32_t>(index)).word[0] & 1) != 0;
}

/// The permutation of [0, count) addressed by (seed, stream, step), at `i`: a balanced Feistel
/// network of 8 rounds over the next even power of two, walked until it lands inside. Every element
/// is computed on its own, so a batch is gathered without a shuffled index array.
DCGAN_HOST_DEVICE inline std::uint64_t shuffled_index(std::uint64_t seed, std::uint32_t stream,
                                                      std::uint64_t step, std::uint64_t i,
                                                      std::uint64_t count) {
  unsigned half_bits = 1;
  while ((std::uint64_t{1} << (2 * half_bits)) < count) ++half_bits;
  const std::uint32_t mask = (std::uint32_t{1} << half_bits) - 1;
  do {
    std::uint32_t left = static_cast<std::uint32_t>(i >> half_bits) & mask;
    std::uint32_t right = static_cast<std::uint32_t>(i) & mask;
    for (std::uint32_t round = 0; round < 8; ++round) {
      const PhiloxBlock block =
          philox({{right, stream, static_cast<std::uint32_t>(step),
                   static_cast<std::uint32_t>(step >> 32) ^ (round << 28)}},
                 static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32));
      const std::uint32_t next = left ^ (block.word[0] & mask);
      left = right;
      right = next;
    }
    i = (std::uint64_t{left} << half_bits) | right;
  } while (i >= count);
  return i;
}

}  // namespace dcgan
