// Philox over vectors of blocks: a 32-bit word in each 64-bit lane, whose upper half may hold
// rubbish because the 32x32-bit products do not look at it. What a block gives depends on its index
// alone, not on the length of the draw: tails are drawn as whole vectors and cut.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/random.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h:
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "backend/cpu/random.h"
#include "ops/philox.h"

HWY_BEFORE_NAMESPACE();
namespace dcgan::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR  // has no lanes to split: block by block

constexpr std::int64_t mask_blocks_at_once = 1, normal_blocks_at_once = 1;

inline void masks_of(const RandomAddress& a, std::uint32_t threshold, std::int64_t block,
                     std::uint8_t* out) {
  const PhiloxBlock bits = philox_at(a.seed, a.stream, a.step, static_cast<std::uint32_t>(block));
  for (int e = 0; e < 8; ++e) out[e] = (bits.word[e / 2] >> (e % 2 * 16) & 0xFFFF) >= threshold;
}

inline void normals_of(const RandomAddress& a, std::int64_t block, float* out) {
  const PhiloxBlock bits = philox_at(a.seed, a.stream, a.step, static_cast<std::uint32_t>(block));
  for (int pair = 0; pair < 2; ++pair) {
    const double u1 = ((bits.word[2 * pair] >> 8) + 1) * 0x1p-24;  // in (0, 1]
    const double u2 = (bits.word[2 * pair + 1] >> 8) * 0x1p-24;
    const double radius = std::sqrt(-2 * std::log(u1)), angle = 2 * std::numbers::pi * u2;
    out[2 * pair] = static_cast<float>(radius * std::cos(angle));
    out[2 * pair + 1] = static_cast<float>(radius * std::sin(angle));
  }
}

#else

using Words = hn::ScalableTag<std::uint64_t>;
constexpr int vectors_at_once = 2;  // independent of each other, they hide each other's latencies
constexpr std::int64_t normal_blocks_at_once = hn::MaxLanes(Words());
constexpr std::int64_t mask_blocks_at_once = vectors_at_once * normal_blocks_at_once;

/// The four words of N vectors of blocks from `block` on.
template <int N>
struct PhiloxVectors {
  hn::Vec<Words> word[4][N];

  HWY_INLINE PhiloxVectors(const RandomAddress& a, std::int64_t block) {
    const Words d;
    const hn::Repartition<std::uint32_t, Words> halves;
    const auto mul0 = hn::BitCast(halves, hn::Set(d, 0xD2511F53u));
    const auto mul1 = hn::BitCast(halves, hn::Set(d, 0xCD9E8D57u));
    HWY_UNROLL(4)
    for (int n = 0; n < N; ++n) {
      const auto first = static_cast<std::uint64_t>(block) + n * hn::Lanes(d);
      word[0][n] = hn::Iota(d, first);
      word[1][n] = hn::Set(d, std::uint64_t{a.stream});
      word[2][n] = hn::Set(d, a.step & 0xFFFFFFFFu);
      word[3][n] = hn::Set(d, a.step >> 32);
    }
    auto key0 = static_cast<std::uint32_t>(a.seed), key1 = static_cast<std::uint32_t>(a.seed >> 32);
    for (int round = 0; round < 10; ++round) {
      const auto k0 = hn::Set(d, std::uint64_t{key0}), k1 = hn::Set(d, std::uint64_t{key1});
      HWY_UNROLL(4)
      for (int n = 0; n < N; ++n) {
        const auto p0 = hn::MulEven(mul0, hn::BitCast(halves, word[0][n]));
        const auto p1 = hn::MulEven(mul1, hn::BitCast(halves, word[2][n]));
        word[0][n] = hn::Xor3(hn::ShiftRight<32>(p1), word[1][n], k0);
        word[1][n] = p1;
        word[2][n] = hn::Xor3(hn::ShiftRight<32>(p0), word[3][n], k1);
        word[3][n] = p0;
      }
      key0 += 0x9E3779B9u;
      key1 += 0xBB67AE85u;
    }
  }
};

/// Eight bytes per block, 1 where the 16-bit half is not below the threshold, which is in
/// [1, 65535].
HWY_INLINE void masks_of(const RandomAddress& a, std::uint32_t threshold, std::int64_t block,
                         std::uint8_t* out) {
  const Words d;
  const hn::Repartition<std::uint16_t, Words> d16;
  const hn::Repartition<std::uint8_t, Words> d8;
  const PhiloxVectors<vectors_at_once> bits(a, block);
  const auto low_word = hn::Set(d, 0xFFFFFFFFu);
  const auto below = hn::Set(d16, static_cast<std::uint16_t>(threshold - 1));
  const auto one = hn::Set(d16, std::uint16_t{1});
  const auto kept = [&](auto low, auto high) HWY_ATTR {
    const auto both = hn::Or(hn::And(low, low_word), hn::ShiftLeft<32>(high));
    return hn::Min(hn::SaturatedSub(hn::BitCast(d16, both), below), one);
  };
  // Halves 0 to 3 in the even bytes, 4 to 7 in the odd ones; then in order.
  alignas(16) static constexpr std::uint8_t order[16] = {0, 2,  4,  6,  1, 3,  5,  7,
                                                         8, 10, 12, 14, 9, 11, 13, 15};
  const auto in_order = hn::LoadDup128(d8, order);
  HWY_UNROLL(4)
  for (int n = 0; n < vectors_at_once; ++n) {
    const auto first = kept(bits.word[0][n], bits.word[1][n]);
    const auto second = kept(bits.word[2][n], bits.word[3][n]);
    const auto mixed = hn::BitCast(d8, hn::Or(first, hn::ShiftLeft<8>(second)));
    hn::StoreU(hn::TableLookupBytes(mixed, in_order), d8, out + n * hn::Lanes(d8));
  }
}

/// Four normals per block, in double as there are few and the distribution's tails are worth it.
HWY_INLINE void normals_of(const RandomAddress& a, std::int64_t block, float* out) {
  const Words d;
  const hn::RebindToFloat<Words> d64;
  const hn::Rebind<float, Words> d32;
  const PhiloxVectors<1> bits(a, block);
  // The 24 upper bits of a word, as the mantissa of 2^52 + word / 2^8.
  const auto upper = [&](auto word) HWY_ATTR {
    const auto integer = hn::ShiftRight<8>(hn::And(word, hn::Set(d, 0xFFFFFFFFu)));
    const auto exponent = hn::Set(d, 0x4330000000000000u);
    return hn::Sub(hn::BitCast(d64, hn::Or(integer, exponent)), hn::Set(d64, 0x1p52));
  };
  const auto pair = [&](auto word0, auto word1, auto& first, auto& second) HWY_ATTR {
    const auto scale = hn::Set(d64, 0x1p-24);
    const auto u1 = hn::Mul(hn::Add(upper(word0), hn::Set(d64, 1.0)), scale);  // in (0, 1]
    const auto angle = hn::Mul(upper(word1), hn::Set(d64, 2 * std::numbers::pi * 0x1p-24));
    const auto radius = hn::Sqrt(hn::Mul(hn::Set(d64, -2.0), hn::Log(d64, u1)));
    first = hn::DemoteTo(d32, hn::Mul(radius, hn::Cos(d64, angle)));
    second = hn::DemoteTo(d32, hn::Mul(radius, hn::Sin(d64, angle)));
  };
  hn::Vec<decltype(d32)> normal[4];
  pair(bits.word[0][0], bits.word[1][0], normal[0], normal[1]);
  pair(bits.word[2][0], bits.word[3][0], normal[2], normal[3]);
  hn::StoreInterleaved4(normal[0], normal[1], normal[2], normal[3], d32, out);
}

#endif

/// f(block, out) draws `at_once` blocks of `per_block` elements; n elements from `first_block` on.
template <std::int64_t at_once, std::int64_t per_block, class T, class F>
HWY_INLINE void draw(std::int64_t first_block, std::int64_t n, T* out, F f) {
  constexpr std::int64_t step = at_once * per_block;
  std::int64_t e = 0;
  for (; e + step <= n; e += step) f(first_block + e / per_block, out + e);
  if (e == n) return;
  HWY_ALIGN T whole[step];
  f(first_block + e / per_block, whole);
  std::copy_n(whole, n - e, out + e);
}

void DrawMasks(const RandomAddress& a, std::uint32_t threshold, std::int64_t first_block,
               std::int64_t n, std::uint8_t* out) {
  draw<mask_blocks_at_once, 8>(first_block, n, out,
                               [&](std::int64_t block, std::uint8_t* to)
                                   HWY_ATTR { masks_of(a, threshold, block, to); });
}

void DrawNormals(const RandomAddress& a, std::int64_t first_block, std::int64_t n, float* out) {
  draw<normal_blocks_at_once, 4>(first_block, n, out, [&](std::int64_t block, float* to) HWY_ATTR {
    normals_of(a, block, to);
  });
}

}  // namespace dcgan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dcgan::cpu {
namespace {

HWY_EXPORT(DrawMasks);
HWY_EXPORT(DrawNormals);

}  // namespace

void draw_normal(const NormalDraw& d) {
  const RandomAddress address = resolved(d.address);
  constexpr std::int64_t run = 1024;
#pragma omp parallel for schedule(static)
  for (std::int64_t first = 0; first < d.n; first += run) HWY_DYNAMIC_DISPATCH(DrawNormals)
  (address, first / 4, std::min(run, d.n - first), d.out + first);
}

void draw_keep_mask(const KeepMaskDraw& d) {
  const RandomAddress address = resolved(d.address);
  const std::uint32_t threshold = d.threshold();
  if (threshold == 0 || threshold > 65535) {
    std::fill_n(d.out, d.n, std::uint8_t{threshold == 0});
    return;
  }
  constexpr std::int64_t run = 16384;
#pragma omp parallel for schedule(static)
  for (std::int64_t first = 0; first < d.n; first += run) HWY_DYNAMIC_DISPATCH(DrawMasks)
  (address, threshold, first / 8, std::min(run, d.n - first), d.out + first);
}

}  // namespace dcgan::cpu
#endif  // HWY_ONCE
