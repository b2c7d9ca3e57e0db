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

double least_bytes(const std::vector<KeepMaskDraw>& draws) {
  double bytes = 0;
  for (const KeepMaskDraw& d : draws) bytes += static_cast<double>(d.n);
  return bytes;
}

Op describe(const std::vector<KeepMaskDraw>& draws) {
  const double n = least_bytes(draws);  // a byte each
  return {"mask", "", {{"n", static_cast<std::int64_t>(n)}}, 10 * n, n};
}

Op describe(const NormalDraw& normal, const std::vector<KeepMaskDraw>& masks) {
  if (masks.empty()) return describe(normal);
  Op of_masks = describe(masks);
  if (normal.n == 0) return of_masks;
  Op both = describe(normal);
  both.name = "draw";
  both.shape.emplace_back("mask", of_masks.at("n"));
  both.flops += of_masks.flops;
  both.bytes += of_masks.bytes;
  return both;
}

}  // namespace dcgan
