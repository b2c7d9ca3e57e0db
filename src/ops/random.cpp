#include "ops/random.h"

#include <cmath>

namespace dcgan {

std::uint32_t KeepMaskDraw::threshold() const {
  return static_cast<std::uint32_t>(std::lround(static_cast<double>(dropout_rate) * 65536));
}

double least_bytes(const NormalDraw& d) { return 4 * static_cast<double>(d.n); }

Op describe(const NormalDraw& d) {
  const auto n = static_cast<double>(d.n);
  return {"noise", "", {{"n", d.n}}, 40 * n, least_bytes(d)};
}

double least_bytes(const KeepMaskDraw& d) { return static_cast<double>(d.n); }

Op describe(const KeepMaskDraw& d) {
  const auto n = static_cast<double>(d.n);
  return {"mask", "", {{"n", d.n}}, 10 * n, least_bytes(d)};
}

}  // namespace dcgan
