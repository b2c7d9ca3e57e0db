// Philox's published answers, and the draws that every backend must make bit for bit.
#include <gtest/gtest.h>

#include <numbers>

#include "kernels/philox.h"
#include "ops/device.h"

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

TEST(KeepMask, EqualsItsDefinition) {
  const RandomAddress address{0x123456789abcdefu, 17, 0x1'0000'0007u};
  for (const std::int64_t n : {1, 7, 8, 1001, 300007}) {
    for (const std::string& name : present_backends()) {
      const auto backend = make_backend(name, 2);
      const Buffer mask_ = backend->allocate(static_cast<std::size_t>(n) + 1);
      const std::uint8_t sentinel = 77;
      backend->upload(mask_.u8() + n, &sentinel, 1);
      backend->draw_keep_mask(address, 0.3F, n, mask_.u8());
      std::vector<std::uint8_t> mask(static_cast<std::size_t>(n) + 1);
      backend->download(mask.data(), mask_.u8(), mask.size());
      EXPECT_EQ(mask.back(), sentinel);
      std::int64_t kept = 0;
      for (std::int64_t e = 0; e < n; ++e) {
        const PhiloxBlock block = philox_at(address.seed, address.stream, address.step,
                                            static_cast<std::uint32_t>(e / 8));
        const std::uint32_t word = block.word[e % 8 / 2];
        const std::uint32_t half = e % 2 ? word >> 16 : word & 0xffff;
        ASSERT_EQ(mask[static_cast<std::size_t>(e)], half >= 19661) << e;  // round(0.3 * 65536)
        kept += half >= 19661;
      }
      if (n > 1000) {
        EXPECT_NEAR(static_cast<double>(kept) / static_cast<double>(n), 0.7,
                    5 * std::sqrt(0.21 / static_cast<double>(n)));
      }
    }
  }
}

TEST(Normal, EqualsBoxMullerOfPhilox) {
  const RandomAddress address{42, 3, 9};
  const std::int64_t n = 10001;
  for (const std::string& name : present_backends()) {
    const auto backend = make_backend(name, 2);
    const Buffer out = unwritten(*backend, n);
    backend->draw_normal(address, n, out.f32());
    std::vector<double> expected;
    double sum = 0, squares = 0;
    for (std::int64_t e = 0; e < n; ++e) {
      const PhiloxBlock b = philox_at(42, 3, 9, static_cast<std::uint32_t>(e / 4));
      const std::int64_t pair = e % 4 / 2;
      const double u1 = ((b.word[2 * pair] >> 8) + 1) / 16777216.0;
      const double angle = 2 * std::numbers::pi * (b.word[2 * pair + 1] >> 8) / 16777216.0;
      expected.push_back(std::sqrt(-2 * std::log(u1)) *
                         (e % 2 ? std::sin(angle) : std::cos(angle)));
      sum += expected.back();
      squares += expected.back() * expected.back();
    }
    EXPECT_NEAR(sum / n, 0, 0.05);
    EXPECT_NEAR(squares / n, 1, 0.08);
    expect_near(to_host(*backend, out), expected, 1e-6, name);
  }
}

TEST(Gather, ShuffledAndNormalised) {
  const std::int64_t count = 37, size = 29, first = 30, batch = 7;
  std::vector<std::uint8_t> pixels;
  for (std::int64_t i = 0; i < count * size; ++i)
    pixels.push_back(static_cast<std::uint8_t>(i * 7));
  for (const std::string& name : present_backends()) {
    const auto backend = make_backend(name, 2);
    const Buffer pixels_ = to_device(*backend, pixels), out = unwritten(*backend, batch * size);
    backend->gather({pixels_.u8(), count, size, {5, 2, 1}, first, batch}, out.f32());
    const Floats got = to_host(*backend, out);
    for (std::int64_t i = 0; i < batch; ++i)
      for (std::int64_t p = 0; p < size; ++p) {
        const auto index = shuffled_index(5, 2, 1, static_cast<std::uint64_t>(first + i), 37);
        const float level =
            pixels[index * static_cast<std::uint64_t>(size) + static_cast<std::uint64_t>(p)];
        ASSERT_EQ(got[static_cast<std::size_t>(i * size + p)], (level - 127.5F) / 127.5F);
      }
  }
}

}  // namespace
}  // namespace dcgan::test
