#include "ops/batch_norm.h"

namespace dcgan {

float BatchNormShape::negative_slope() const {
  return activation == Activation::leaky_relu ? slope : 1.0F;
}

// Per value: inference takes a difference, a multiply-add and LeakyReLU; training adds two sums;
// backward has two sums of products, and the result, from x, y and dy.
Op describe(const BatchNormShape& s, Direction direction) {
  const auto values = static_cast<double>(s.rows * s.channels);
  const bool backward = direction == Direction::backward;
  return {"batch_norm",
          to_string(direction),
          {{"rows", s.rows}, {"channels", s.channels}},
          (backward                            ? 13
           : direction == Direction::inference ? 4
                                               : 8) *
              values,
          (backward ? 16 : 8) * values};
}

Op with_sums(Op backward_data, const BatchNormShape& before) {
  backward_data.bytes += 8 * static_cast<double>(before.rows * before.channels);
  return backward_data;
}

}  // namespace dcgan
