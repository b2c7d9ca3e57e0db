// Philox over vectors of blocks: a 32-bit word in each 64-bit lane, whose upper half may hold
// rubbish because the 32x32-bit products do not look at it.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/backend/cpu/random.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h:
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "backend/cpu/random.h"
#include "kernels/philox.h"

HWY_BEFORE_NAMESPACE();
namespace dcgan::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Masks of the full vectors of blocks in [first, last); returns the first block not done.
std::int64_t MaskBlocks(const RandomAddress& a, std::uint32_t threshold, std::int64_t first,
                        std::int64_t last, std::uint8_t* out) {
#if HWY_TARGET == HWY_SCALAR
  (void)a, (void)threshold, (void)last, (void)out;
  return first;
#else
  const hn::ScalableTag<std::uint64_t> d;
  const hn::Repartition<std::uint32_t, decltype(d)> d32;
  const auto words = [&](auto v) HWY_ATTR { return hn::BitCast(d32, v); };
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto mul0 = words(hn::Set(d, 0xD2511F53u)), mul1 = words(hn::Set(d, 0xCD9E8D57u));
  const auto low16 = hn::Set(d, 0xFFFFu);
  const auto limit = hn::Set(d, threshold);
  std::int64_t block = first;
  for (; block + lanes <= last; block += lanes) {
    auto c0 = hn::Iota(d, static_cast<std::uint64_t>(block));
    auto c1 = hn::Set(d, std::uint64_t{a.stream});
    auto c2 = hn::Set(d, a.step & 0xFFFFFFFFu);
    auto c3 = hn::Set(d, a.step >> 32);
    auto key0 = static_cast<std::uint32_t>(a.seed);
    auto key1 = static_cast<std::uint32_t>(a.seed >> 32);
    for (int round = 0; round < 10; ++round) {
      const auto p0 = hn::MulEven(mul0, words(c0));
      const auto p1 = hn::MulEven(mul1, words(c2));
      c0 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p1), c1), hn::Set(d, std::uint64_t{key0}));
      c1 = p1;
      c2 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p0), c3), hn::Set(d, std::uint64_t{key1}));
      c3 = p0;
      key0 += 0x9E3779B9u;
      key1 += 0xBB67AE85u;
    }
    // A lane's eight halves become its eight bytes of the mask.
    auto bytes = hn::Zero(d);
    const auto add = [&](auto word, int position) HWY_ATTR {
      const auto low = hn::And(word, low16);
      const auto high = hn::And(hn::ShiftRight<16>(word), low16);
      const auto bit = [&](auto half, int byte) HWY_ATTR {
        // half >= limit, for values below 2^16: limit <= half
        const auto kept = hn::Not(hn::Gt(limit, half));
        return hn::IfThenElseZero(kept, hn::Set(d, std::uint64_t{1} << (8 * byte)));
      };
      bytes = hn::Or(bytes, hn::Or(bit(low, 2 * position), bit(high, 2 * position + 1)));
    };
    add(c0, 0);
    add(c1, 1);
    add(c2, 2);
    add(c3, 3);
    hn::StoreU(bytes, d, reinterpret_cast<std::uint64_t*>(out + block * 8));
  }
  return block;
#endif
}

}  // namespace dcgan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dcgan::cpu {
namespace {

HWY_EXPORT(MaskBlocks);

PhiloxBlock block_at(const RandomAddress& a, std::int64_t block) {
  return philox_at(a.seed, a.stream, a.step, static_cast<std::uint32_t>(block));
}

}  // namespace

void draw_normal(const RandomAddress& a, std::int64_t n, float* out) {
#pragma omp parallel for schedule(static)
  for (std::int64_t block = 0; block < (n + 3) / 4; ++block) {
    const PhiloxBlock bits = block_at(a, block);
    for (std::int64_t pair = 0; pair < 2; ++pair) {
      const double u1 = ((bits.word[2 * pair] >> 8) + 1) * 0x1p-24;  // in (0, 1]
      const double u2 = (bits.word[2 * pair + 1] >> 8) * 0x1p-24;
      const double radius = std::sqrt(-2 * std::log(u1)), angle = 2 * std::numbers::pi * u2;
      const std::int64_t e = 4 * block + 2 * pair;
      if (e < n) out[e] = static_cast<float>(radius * std::cos(angle));
      if (e + 1 < n) out[e + 1] = static_cast<float>(radius * std::sin(angle));
    }
  }
}

void draw_keep_mask(const RandomAddress& a, float dropout_rate, std::int64_t n, std::uint8_t* out) {
  const auto threshold =
      static_cast<std::uint32_t>(std::lround(static_cast<double>(dropout_rate) * 65536));
  const std::int64_t whole_blocks = n / 8;
  constexpr std::int64_t run = 2048;
#pragma omp parallel for schedule(static)
  for (std::int64_t first = 0; first < (n + 7) / 8; first += run) {
    const std::int64_t last = std::min(first + run, whole_blocks);
    const std::int64_t next = HWY_DYNAMIC_DISPATCH(MaskBlocks)(a, threshold, first, last, out);
    for (std::int64_t block = next; block < std::min(first + run, (n + 7) / 8); ++block) {
      const PhiloxBlock bits = block_at(a, block);
      for (std::int64_t e = 8 * block; e < std::min(n, 8 * block + 8); ++e) {
        const std::uint32_t half = bits.word[e % 8 / 2] >> (e % 2 * 16) & 0xFFFF;
        out[e] = half >= threshold;
      }
    }
  }
}

}  // namespace dcgan::cpu
#endif  // HWY_ONCE
