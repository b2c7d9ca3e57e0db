// Philox's published answers, and that shuffles are permutations.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "kernels/philox.h"

namespace dcgan::test {
namespace {

void expect_words(const PhiloxBlock& block, std::initializer_list<std::uint32_t> words) {
  EXPECT_TRUE(std::equal(words.begin(), words.end(), block.word));
}

// Random123's kat_vectors for philox4x32-10.
TEST(Philox, KnownAnswers) {
  expect_words(philox({{0, 0, 0, 0}}, 0, 0), {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr std::uint32_t ones = 0xffffffff;
  expect_words(philox({{ones, ones, ones, ones}}, ones, ones),
               {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  expect_words(philox({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0),
               {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
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
