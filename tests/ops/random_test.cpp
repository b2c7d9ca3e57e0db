// Philox's published answers, and that shuffles are permutations.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "ops/philox.h"

namespace dcgan::test {
namespace {

void expect_words(const PhiloxBlock& block, std::initializer_list<std::uint32_t> words) {
  EXPECT_TRUE(std::equal(words.begin(), words.end(), block.word));
}

// Random123's kat_vectors for philox4x32-10.
TEST(Philox, GivesThePublishedAnswers) {
  expect_words(philox({{0, 0, 0, 0}}, 0, 0), {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr std::uint32_t ones = 0xffffffff;
  expect_words(philox({{ones, ones, ones, ones}}, ones, ones),
               {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  expect_words(philox({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0),
               {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST(Philox, AnAddressIsTheCounterAndTheKey) {
  // The last step before the upper half counts one on, too.
  for (const std::uint32_t low : {0x99aabbccU, 0xffffffffU}) {
    const PhiloxBlock block =
        philox_at(0x0123456789abcdef, 0x11223344, 0x5566778800000000 | low, 0xddeeff00);
    const PhiloxBlock expected =
        philox({{0xddeeff00, 0x11223344, low, 0x55667788}}, 0x89abcdef, 0x01234567);
    EXPECT_TRUE(std::equal(block.word, block.word + 4, expected.word));
  }
}

/// The same permutation with divisions for shifts and masks.
std::uint64_t walk_feistel(std::uint64_t seed, std::uint32_t stream, std::uint64_t step,
                           std::uint64_t i, std::uint64_t count) {
  constexpr std::uint64_t word = 1ull << 32;
  std::uint64_t side = 2;  // a side's values: the least power of two with a square of count or more
  while (side * side < count) side *= 2;
  do {
    std::uint64_t left = i / side, right = i % side;
    for (std::uint32_t round = 0; round < 8; ++round) {
      const PhiloxBlock block = philox(
          {{static_cast<std::uint32_t>(right), stream, static_cast<std::uint32_t>(step % word),
            static_cast<std::uint32_t>(step / word) ^ (round * 0x10000000u)}},
          static_cast<std::uint32_t>(seed % word), static_cast<std::uint32_t>(seed / word));
      const std::uint64_t mixed = left ^ block.word[0] % side;
      left = right;
      right = mixed;
    }
    i = left * side + right;
  } while (i >= count);
  return i;
}

TEST(Shuffle, IsTheFeistelNetworkOfItsAddress) {
  // Several seeds, as small permutations may be alike.
  for (const std::uint64_t seed : {0x0123456789abcdefull, 1ull, 2ull, 3ull})
    for (const std::uint64_t step : {0x5566778899aabbccull, 0x55667788ffffffffull})
      for (const std::uint64_t count :
           {1ull, 2ull, 4ull, 5ull, 16ull, 17ull, 60000ull, 65536ull, 65537ull, 1ull << 40})
        for (std::uint64_t k = 0; k < 50; ++k) {
          const std::uint64_t i = k * 0x123456789 % count;
          ASSERT_EQ(shuffled_index(seed, 0x11223344, step, i, count),
                    walk_feistel(seed, 0x11223344, step, i, count))
              << i << " of " << count;
        }
}

TEST(Shuffle, IsAPermutationThatChangesWithTheEpoch) {
  for (const std::uint64_t count : {1, 2, 5, 96, 60000}) {
    std::vector<std::uint64_t> first, second;
    for (std::uint64_t i = 0; i < count; ++i) {
      first.push_back(shuffled_index(1, 2, 0, i, count));
      second.push_back(shuffled_index(1, 2, 1, i, count));
    }
    if (count > 5) {
      EXPECT_NE(first, second);
    }
    for (auto* order : {&first, &second}) {
      std::sort(order->begin(), order->end());
      for (std::uint64_t i = 0; i < count; ++i) ASSERT_EQ((*order)[i], i);
    }
  }
}

}  // namespace
}  // namespace dcgan::test
