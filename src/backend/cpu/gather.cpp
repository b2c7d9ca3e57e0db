// Pixels of the chosen images as floats: (u8 - offset) / scale, exactly as float division gives it.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/gather.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h:
#include <hwy/highway.h>

#include <algorithm>

#include "backend/cpu/gather.h"
#include "backend/cpu/vectors-inl.h"
#include "ops/philox.h"

HWY_BEFORE_NAMESPACE();
namespace dcgan::cpu::HWY_NAMESPACE {

void ToRange(const std::uint8_t* pixels, std::int64_t n, float offset, float scale, float* out) {
  const D d;
  const hn::Rebind<std::uint8_t, D> bytes;
  const hn::Rebind<std::int32_t, D> ints;
  const auto from = hn::Set(d, offset), by = hn::Set(d, scale);
  for (std::int64_t i = 0; i < n; i += static_cast<std::int64_t>(hn::Lanes(d))) {
    const auto level = hn::ConvertTo(d, hn::PromoteTo(ints, load_first(bytes, pixels + i, n - i)));
    store_first(d, hn::Div(hn::Sub(level, from), by), out + i, n - i);
  }
}

}  // namespace dcgan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dcgan::cpu {
namespace {
HWY_EXPORT(ToRange);

/// Reverses the pixels of each row.
void mirror(const Mirror& m, std::int64_t size, float* image) {
  for (float* row = image; row != image + size; row += m.row())
    for (std::int64_t x = 0; x < m.width / 2; ++x)
      std::swap_ranges(row + x * m.channels, row + (x + 1) * m.channels,
                       row + (m.width - 1 - x) * m.channels);
}
}  // namespace

void gather(const Gather& b) {
  const RandomAddress shuffle = resolved(b.shuffle), coin = resolved(b.mirror.address);
  const std::int64_t first = b.first_in_memory ? *b.first_in_memory : b.first;
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < b.batch; ++i) {
    const std::uint64_t index =
        shuffled_index(shuffle.seed, shuffle.stream, shuffle.step,
                       static_cast<std::uint64_t>(first + i), static_cast<std::uint64_t>(b.count));
    HWY_DYNAMIC_DISPATCH(ToRange)
    (b.pixels + static_cast<std::int64_t>(index) * b.image_size, b.image_size, b.offset, b.scale,
     b.out + i * b.row());
    if (b.mirror.width > 0 && philox_coin(coin.seed, coin.stream, coin.step, index))
      mirror(b.mirror, b.image_size, b.out + i * b.row());
  }
}

}  // namespace dcgan::cpu
#endif  // HWY_ONCE
