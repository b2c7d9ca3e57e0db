#include "ops/weighted_sum.h"

namespace dcgan {

double least_bytes(const WeightedSum& s) {  // two floats in and one out, and a row's scale
  return 12 * static_cast<double>(s.rows * s.size) +
         (s.a_scale ? 4 * static_cast<double>(s.rows) : 0);
}

Op describe(const WeightedSum& s) {
  return {"weighted_sum",
          "",
          {{"rows", s.rows}, {"size", s.size}},
          3 * static_cast<double>(s.rows * s.size),
          least_bytes(s)};
}

}  // namespace dcgan
