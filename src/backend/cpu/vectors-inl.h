// The widest vectors of floats, how many registers hold them, and loads and stores of a vector's
// first n lanes that touch no memory beyond them: Highway's masked ones do on targets without
// masks. Included once per Highway target.
#if defined(DCGAN_VECTORS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef DCGAN_VECTORS_INL
#undef DCGAN_VECTORS_INL
#else
#define DCGAN_VECTORS_INL
#endif
#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace dcgan::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

#if HWY_ARCH_X86 && HWY_TARGET > HWY_AVX3
constexpr int registers = 16;
#else
constexpr int registers = 32;
#endif

/// p[0 .. n) and zeros; any n: at most the vector's lanes count, and none where n <= 0.
template <class Tag, class T = hn::TFromD<Tag>>
HWY_INLINE hn::Vec<Tag> load_first(Tag d, const T* p, std::int64_t n) {
  if (n >= static_cast<std::int64_t>(hn::Lanes(d))) return hn::LoadU(d, p);
  HWY_ALIGN T padded[hn::MaxLanes(Tag())] = {};
  if (n > 0) std::copy_n(p, n, padded);
  return hn::Load(d, padded);
}

template <class Tag, class T = hn::TFromD<Tag>>
HWY_INLINE void store_first(Tag d, hn::Vec<Tag> v, T* p, std::int64_t n) {
  if (n >= static_cast<std::int64_t>(hn::Lanes(d))) return hn::StoreU(v, d, p);
  HWY_ALIGN T all[hn::MaxLanes(Tag())];
  hn::Store(v, d, all);
  if (n > 0) std::copy_n(all, n, p);
}

}  // namespace dcgan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
