// A dense layer: x [batch, in] * kernel [in, out] -> y [batch, out].
#pragma once
#include <cstdint>

#include "ops/op.h"

namespace dcgan {

struct DenseShape {
  std::int64_t batch, in, out;

  std::int64_t x_size() const, kernel_size() const, y_size() const;
};

/// masked: with dropout behind it.
Op describe(const DenseShape& shape, Direction direction, bool masked = false);

}  // namespace dcgan
