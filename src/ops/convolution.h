// Convolutions and transposed convolutions with padding 'same' as Keras defines it.
#pragma once
#include <cstdint>

#include "ops/op.h"

namespace dcgan {

/// conv2d: x [batch, height, width, in] -> y [batch, ceil(height/stride), ceil(width/stride), out],
///   kernel [k, k, in, out].
/// conv_transpose2d: x [batch, height, width, in] -> y [batch, height*stride, width*stride, out],
///   kernel [k, k, out, in]: the exact adjoint of conv2d from y's shape to x's.
struct ConvShape {
  std::int64_t batch, height, width, in, out, kernel, stride;
  bool transposed = false;

  std::int64_t out_height() const, out_width() const;
  std::int64_t x_size() const, kernel_size() const, y_size() const;

  /// Rows and columns of padding of a conv2d in front of the image, half of what makes its last
  /// window fit, rounded down; and behind it.
  std::int64_t pad_top() const, pad_left() const;
  std::int64_t pad_bottom() const, pad_right() const;

  /// The conv2d that does the work: this one or, for a transposed one, that from y to x, whose
  /// kernel [k, k, in, out] is this one's [k, k, out, in] as it stands.
  ConvShape conv2d() const;
};

/// masked: with dropout behind it.
Op describe(const ConvShape& shape, Direction direction, bool masked = false);

}  // namespace dcgan
