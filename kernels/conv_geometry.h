// The numbers that describe a convolution to its kernels.
#pragma once
#include "kernels/device/divider.h"

namespace dcgan::DCGAN_TARGET {

/// A convolution x [batch, height, width, in] -> z [batch, out_height, out_width, out] with kernel
/// [size, size, in, out]; z(oh, ow) sees x(oh * stride - pad_top + kh, ow * stride - pad_left +
/// kw).
struct ConvGeometry {
  int batch, height, width, in, out_height, out_width, out, size, stride, pad_top, pad_left;
  Divider by_in, by_out, by_size, by_width, by_out_width, by_out_pixels;
};

}  // namespace dcgan::DCGAN_TARGET
