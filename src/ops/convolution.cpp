#include "ops/convolution.h"

#include <algorithm>

namespace dcgan {
namespace {

std::int64_t out_length(const ConvShape& s, std::int64_t length) {
  return s.transposed ? length * s.stride : (length + s.stride - 1) / s.stride;
}

std::int64_t padding(const ConvShape& s, std::int64_t length) {
  return std::max<std::int64_t>((out_length(s, length) - 1) * s.stride + s.kernel - length, 0);
}

/// Pairs of an output position and a tap that meet inside the image, along one axis.
std::int64_t meetings(std::int64_t length, std::int64_t out_length, std::int64_t pad,
                      const ConvShape& s) {
  std::int64_t count = 0;
  for (std::int64_t o = 0; o < out_length; ++o)
    for (std::int64_t k = 0; k < s.kernel; ++k) {
      const std::int64_t i = o * s.stride + k - pad;
      count += i >= 0 && i < length;
    }
  return count;
}

}  // namespace

std::int64_t ConvShape::out_height() const { return out_length(*this, height); }
std::int64_t ConvShape::out_width() const { return out_length(*this, width); }
std::int64_t ConvShape::x_size() const { return batch * height * width * in; }
std::int64_t ConvShape::kernel_size() const { return kernel * kernel * in * out; }
std::int64_t ConvShape::y_size() const { return batch * out_height() * out_width() * out; }

std::int64_t ConvShape::pad_top() const { return padding(*this, height) / 2; }
std::int64_t ConvShape::pad_left() const { return padding(*this, width) / 2; }
std::int64_t ConvShape::pad_bottom() const { return padding(*this, height) - pad_top(); }
std::int64_t ConvShape::pad_right() const { return padding(*this, width) - pad_left(); }

ConvShape ConvShape::conv2d() const {
  if (!transposed) return *this;
  return {batch, out_height(), out_width(), out, in, kernel, stride};
}

Op describe(const ConvShape& s, Direction direction, bool masked) {
  const auto text = [](std::int64_t n) { return std::to_string(n); };
  Op op{s.transposed ? "conv_transpose2d" : "conv2d",
        "",
        {{"batch", s.batch},
         {"height", s.height},
         {"width", s.width},
         {"in", s.in},
         {"out", s.out},
         {"kernel", s.kernel},
         {"stride", s.stride}}};
  op.size = text(s.batch) + "x" + text(s.height) + "x" + text(s.width) + "x" + text(s.in) + "->" +
            text(s.out) + " k" + text(s.kernel) + " /" + text(s.stride);
  const ConvShape c = s.conv2d();
  const std::int64_t pairs = meetings(c.height, c.out_height(), c.pad_top(), c) *
                             meetings(c.width, c.out_width(), c.pad_left(), c);
  const double flops = 2.0 * static_cast<double>(s.batch * pairs * s.in * s.out);
  set_product_work(op, direction, s.x_size(), s.kernel_size(), s.y_size(), flops, masked);
  return op;
}

}  // namespace dcgan
