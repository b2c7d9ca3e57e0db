// m += (g - m)(1 - beta1);  v += (g^2 - v)(1 - beta2);  w -= alpha m / (sqrt(v) + epsilon)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/adam.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h:
#include <hwy/highway.h>

#include <algorithm>

#include "backend/cpu/adam.h"

HWY_BEFORE_NAMESPACE();
namespace dcgan::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE void update(D d, const AdamFactors& f, const float* gradient, float* m, float* v,
                       float* w) {
  const auto g = hn::LoadU(d, gradient);
  const auto old_m = hn::LoadU(d, m), old_v = hn::LoadU(d, v);
  const auto new_m = hn::MulAdd(hn::Sub(g, old_m), hn::Set(d, f.one_minus_beta1), old_m);
  const auto new_v =
      hn::MulAdd(hn::Sub(hn::Mul(g, g), old_v), hn::Set(d, f.one_minus_beta2), old_v);
  hn::StoreU(new_m, d, m);
  hn::StoreU(new_v, d, v);
  const auto step =
      hn::Div(hn::Mul(hn::Set(d, f.alpha), new_m), hn::Add(hn::Sqrt(new_v), hn::Set(d, f.epsilon)));
  hn::StoreU(hn::Sub(hn::LoadU(d, w), step), d, w);
}

void AdamRange(const AdamFactors& f, std::int64_t begin, std::int64_t end, const float* g, float* m,
               float* v, float* w) {
  const hn::ScalableTag<float> wide;
  const hn::CappedTag<float, 1> one;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(wide));
  std::int64_t i = begin;
  for (; i + lanes <= end; i += lanes) update(wide, f, g + i, m + i, v + i, w + i);
  for (; i < end; ++i) update(one, f, g + i, m + i, v + i, w + i);
}

}  // namespace dcgan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dcgan::cpu {
namespace {
HWY_EXPORT(AdamRange);

void step(const AdamPart& s) {
  if (s.n == 0) return;
  const AdamFactors f = *s.factors;
  constexpr std::int64_t block = 16384;
#pragma omp parallel for schedule(static)
  for (std::int64_t begin = 0; begin < s.n; begin += block) HWY_DYNAMIC_DISPATCH(AdamRange)
  (f, begin, std::min(s.n, begin + block), s.gradient, s.m, s.v, s.parameter);
}

}  // namespace

void adam(const AdamStep& s) {
  step(s.first);
  step(s.second);
}

}  // namespace dcgan::cpu
#endif  // HWY_ONCE
