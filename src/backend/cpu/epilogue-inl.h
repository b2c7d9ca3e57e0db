// What an epilogue does to a vector of values. Included once per Highway target.
#if defined(DCGAN_EPILOGUE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DCGAN_EPILOGUE_INL
#undef DCGAN_EPILOGUE_INL
#else
#define DCGAN_EPILOGUE_INL
#endif
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <type_traits>

#include "backend/cpu/epilogue.h"
#include "backend/cpu/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dcgan::cpu::HWY_NAMESPACE {

/// Calls f(std::integral_constant<Activation, ...>()).
template <class F>
HWY_INLINE void with_activation(Activation activation, const F& f) {
  switch (activation) {
    case Activation::none:
      return f(std::integral_constant<Activation, Activation::none>());
    case Activation::leaky_relu:
      return f(std::integral_constant<Activation, Activation::leaky_relu>());
    case Activation::tanh:
      return f(std::integral_constant<Activation, Activation::tanh>());
  }
}

HWY_INLINE hn::Mask<D> kept(D d, const std::uint8_t* keep) {
  const hn::Rebind<std::uint8_t, D> bytes;
  const hn::Rebind<std::int32_t, D> ints;
  const auto wide = hn::PromoteTo(ints, hn::LoadU(bytes, keep));
  return hn::Gt(hn::ConvertTo(d, wide), hn::Zero(d));
}

/// Of the first n lanes.
HWY_INLINE hn::Mask<D> load_keep(D d, const std::uint8_t* keep, std::int64_t n) {
  if (n >= static_cast<std::int64_t>(hn::Lanes(d))) return kept(d, keep);
  std::uint8_t padded[HWY_MAX_BYTES] = {};
  std::copy_n(keep, n, padded);
  return kept(d, padded);
}

template <Activation activation>
HWY_INLINE V activate(D d, V z, V slope) {
  if constexpr (activation == Activation::leaky_relu)
    return hn::IfThenElse(hn::Gt(z, hn::Zero(d)), z, hn::Mul(z, slope));
  if constexpr (activation == Activation::tanh) return hn::Tanh(d, z);
  return z;
}

/// y = dropout(activation(y + bias)) for n neighbours, in place. Whether `bias` has a value for
/// each of them or one for all; it and `keep` may be null.
template <Activation activation>
HWY_INLINE void finish(const Epilogue& e, const float* bias, bool bias_per_position,
                       const std::uint8_t* keep, std::int64_t n, float* y) {
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto slope = hn::Set(d, e.slope), keep_scale = hn::Set(d, e.keep_scale());
  for (std::int64_t i = 0; i < n; i += lanes) {
    auto z = load_first(d, y + i, n - i);
    if (bias)
      z = hn::Add(z, bias_per_position ? load_first(d, bias + i, n - i) : hn::Set(d, bias[0]));
    auto value = activate<activation>(d, z, slope);
    if (keep) value = hn::IfThenElseZero(load_keep(d, keep + i, n - i), hn::Mul(value, keep_scale));
    store_first(d, value, y + i, n - i);
  }
}

}  // namespace dcgan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
