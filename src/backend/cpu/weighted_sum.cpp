// y = a_factor * a_scale * a + b_factor * b, a block of a row at a time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/weighted_sum.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h:
#include <hwy/highway.h>

#include <algorithm>

#include "backend/cpu/vectors-inl.h"
#include "backend/cpu/weighted_sum.h"

HWY_BEFORE_NAMESPACE();
namespace dcgan::cpu::HWY_NAMESPACE {

void WeightedRange(float a_factor, const float* a, float b_factor, const float* b, std::int64_t n,
                   float* y) {
  const D d;
  const auto of_a = hn::Set(d, a_factor), of_b = hn::Set(d, b_factor);
  for (std::int64_t i = 0; i < n; i += static_cast<std::int64_t>(hn::Lanes(d))) {
    const auto sum =
        hn::MulAdd(of_a, load_first(d, a + i, n - i), hn::Mul(of_b, load_first(d, b + i, n - i)));
    store_first(d, sum, y + i, n - i);
  }
}

}  // namespace dcgan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dcgan::cpu {
namespace {
HWY_EXPORT(WeightedRange);
}  // namespace

void weighted_sum(const WeightedSum& s) {
  const float a_factor = s.factors_in_memory ? s.factors_in_memory[0] : s.a_factor,
              b_factor = s.factors_in_memory ? s.factors_in_memory[1] : s.b_factor;
  // Without a scale of their own rows are one flat array.
  const std::int64_t rows = s.a_scale ? s.rows : 1, size = s.a_scale ? s.size : s.rows * s.size;
  constexpr std::int64_t block = 16384;
  const std::int64_t blocks = (size + block - 1) / block;  // of a row
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < rows * blocks; ++i) {
    const std::int64_t row = i / blocks, begin = i % blocks * block, at = row * size + begin;
    HWY_DYNAMIC_DISPATCH(WeightedRange)
    (s.a_scale ? a_factor * s.a_scale[row] : a_factor, s.a + at, b_factor, s.b + at,
     std::min(block, size - begin), s.y + at);
  }
}

}  // namespace dcgan::cpu
#endif  // HWY_ONCE
