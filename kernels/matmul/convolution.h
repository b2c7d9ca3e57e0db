// A convolution as a matrix product: its operands, which gather patches from images, and the writer
// of its adjoint. Stride 2 parts the pixels of x into classes that see the same taps.
#pragma once
#include "kernels/conv_geometry.h"
#include "kernels/matmul/operands.h"
#include "kernels/matmul/writers.h"

namespace dcgan::DCGAN_TARGET {

/// A pixel of an image, or a tap's offset from one pixel to another. The two add up.
struct PixelPlace {
  int offset, row, column;
};

/// An offset that leads outside the image from every pixel.
__device__ __forceinline__ PixelPlace outside_image() {
  constexpr int far = 1 << 28;  // twice this fits an int; no image is that high
  return {0, -far, 0};
}

__device__ __forceinline__ bool sum_inside(const PixelPlace& a, const PixelPlace& b, int rows,
                                           int columns) {
  // As unsigned numbers, so that negative ones are large.
  return static_cast<unsigned>(a.row + b.row) < static_cast<unsigned>(rows) &&
         static_cast<unsigned>(a.column + b.column) < static_cast<unsigned>(columns);
}

/// Where in x the patch of output pixel (b, oh, ow) begins.
__device__ __forceinline__ PixelPlace patch_of(const ConvGeometry& g, int pixel, int end) {
  if (pixel >= end) return outside_image();
  const auto [b, in_image] = g.by_out_pixels.divmod(pixel);
  const auto [oh, ow] = g.by_out_width.divmod(in_image);
  const int top = oh * g.stride - g.pad_top, left = ow * g.stride - g.pad_left;
  return {((b * g.height + top) * g.width + left) * g.in, top, left};
}

/// Where in a patch the tap (kh, kw, in) is.
__device__ __forceinline__ PixelPlace tap_of(const ConvGeometry& g, int tap, int end) {
  if (tap >= end) return outside_image();
  const auto [in_kernel, channel] = g.by_in.divmod(tap);
  const auto [kh, kw] = g.by_size.divmod(in_kernel);
  return {(kh * g.width + kw) * g.in + channel, kh, kw};
}

/// Patches of x as rows: m = (b, oh, ow), k = (kh, kw, in). A of the forward pass.
template <bool vec4>
struct PatchesAlongK : Operand<PixelPlace, Neighbours::along_k, vec4> {
  ConvGeometry g;

  __device__ __forceinline__ PixelPlace line(int m) const {
    return patch_of(g, m, g.batch * g.out_height * g.out_width);
  }
  __device__ __forceinline__ PixelPlace step(int k, int k_end) const { return tap_of(g, k, k_end); }
  __device__ __forceinline__ bool inside(const PixelPlace& line, const PixelPlace& step) const {
    return sum_inside(line, step, g.height, g.width);
  }
};

/// The same patches, transposed: m = (kh, kw, in), k = (b, oh, ow). A of the weights' gradient.
template <bool vec4>
struct PatchesAlongMn : Operand<PixelPlace, Neighbours::along_mn, vec4> {
  ConvGeometry g;

  __device__ __forceinline__ PixelPlace line(int m) const {
    return tap_of(g, m, g.size * g.size * g.in);
  }
  __device__ __forceinline__ PixelPlace step(int k, int k_end) const {
    return patch_of(g, k, k_end);
  }
  __device__ __forceinline__ bool inside(const PixelPlace& line, const PixelPlace& step) const {
    return sum_inside(line, step, g.height, g.width);
  }
};

/// The pixels of x in one class: h = first_h + stride * i, w = first_w + stride * j. All of them
/// see the same taps, kh = first_kh + stride * s and kw = first_kw + stride * t, so that the
/// adjoint multiplies no tap that stride 2 leaves out.
struct PixelClass {
  int first_h, first_w, rows, columns;  // pixels of the class
  int first_kh, first_kw, tap_rows, tap_columns;
  int first_oh, first_ow;  // the output row that tap 0 joins to pixel row 0
  Divider by_pixels, by_columns, by_tap_columns;
};

/// The gradient dz as the adjoint gathers it: m = (b, i, j) of a class, k = (s, t, out). A of the
/// data's gradient.
template <bool vec4>
struct GradientAlongK : Operand<PixelPlace, Neighbours::along_k, vec4> {
  ConvGeometry g;
  PixelClass c;

  /// The pixel of dz that tap (0, 0) joins to this one.
  __device__ __forceinline__ PixelPlace line(int m) const {
    if (m >= g.batch * c.rows * c.columns) return outside_image();
    const auto [b, in_class] = c.by_pixels.divmod(m);
    const auto [i, j] = c.by_columns.divmod(in_class);
    const int oh = c.first_oh + i, ow = c.first_ow + j;
    return {((b * g.out_height + oh) * g.out_width + ow) * g.out, oh, ow};
  }
  /// Taps lead back: dx(h) = sum of dz(oh) * kernel(h - oh * stride).
  __device__ __forceinline__ PixelPlace step(int k, int k_end) const {
    if (k >= k_end) return outside_image();
    const auto [tap, channel] = g.by_out.divmod(k);
    const auto [s, t] = c.by_tap_columns.divmod(tap);
    return {channel - (s * g.out_width + t) * g.out, -s, -t};
  }
  __device__ __forceinline__ bool inside(const PixelPlace& line, const PixelPlace& step) const {
    return sum_inside(line, step, g.out_height, g.out_width);
  }
};

/// The kernel's taps of that class: n = in, k = (s, t, out). B of the data's gradient.
template <bool vec4>
struct ClassKernelAlongK : Operand<MatrixPlace, Neighbours::along_k, vec4> {
  ConvGeometry g;
  PixelClass c;

  __device__ __forceinline__ MatrixPlace line(int n) const { return {n < g.in ? n * g.out : -1}; }
  __device__ __forceinline__ MatrixPlace step(int k, int k_end) const {
    if (k >= k_end) return {-1};
    const auto [tap, channel] = g.by_out.divmod(k);
    const auto [s, t] = c.by_tap_columns.divmod(tap);
    const int kh = c.first_kh + s * g.stride, kw = c.first_kw + t * g.stride;
    return {(kh * g.size + kw) * g.in * g.out + channel};
  }
};

/// The pixels of one class of an image [batch, height, width, in].
template <bool vec4, class Finish>
struct ClassWriter : RowWriter<vec4, Finish> {
  ConvGeometry g;
  PixelClass of;

  __device__ __forceinline__ int rows_from(int m) const {
    return g.batch * of.rows * of.columns - m;
  }
  __device__ __forceinline__ int row(int m) const {
    if (m >= g.batch * of.rows * of.columns) return -1;
    const auto [b, in_class] = of.by_pixels.divmod(m);
    const auto [i, j] = of.by_columns.divmod(in_class);
    const int h = of.first_h + i * g.stride, w = of.first_w + j * g.stride;
    return ((b * g.height + h) * g.width + w) * g.in;
  }
};

}  // namespace dcgan::DCGAN_TARGET
