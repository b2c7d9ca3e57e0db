// Loads and stores of the first n lanes of a vector that touch no memory behind them: Highway's
// masked ones do on targets without masks. Included once per Highway target.
#if defined(DCGAN_PARTIAL_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DCGAN_PARTIAL_INL
#undef DCGAN_PARTIAL_INL
#else
#define DCGAN_PARTIAL_INL
#endif
#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace dcgan::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// p[0 .. n) and zeros; any n: at most the vector's lanes count, and none where n <= 0.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_first(D d, const T* p, std::int64_t n) {
  if (n >= static_cast<std::int64_t>(hn::Lanes(d))) return hn::LoadU(d, p);
  HWY_ALIGN T padded[hn::MaxLanes(D())] = {};
  if (n > 0) std::copy_n(p, n, padded);
  return hn::Load(d, padded);
}

template <class D, class T = hn::TFromD<D>>
HWY_INLINE void store_first(D d, hn::Vec<D> v, T* p, std::int64_t n) {
  if (n >= static_cast<std::int64_t>(hn::Lanes(d))) return hn::StoreU(v, d, p);
  HWY_ALIGN T all[hn::MaxLanes(D())];
  hn::Store(v, d, all);
  if (n > 0) std::copy_n(all, n, p);
}

}  // namespace dcgan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
