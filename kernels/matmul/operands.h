// Operands of the main loop: which value stands at (mn, k), mn being m for A and n for B. A loader
// asks cursor(mn) once for what depends on mn alone, then load(cursor, k, k_end) for four
// neighbours: (mn, k .. k+3) where they lie along k, (mn .. mn+3, k) where they lie along mn. What
// is outside the operand, or at k_end and behind, is zero.
//
// vec4: four neighbours are one 16-byte load; the caller vouches that the neighbouring axis's
// length is a multiple of four and arrays start at multiples of 16 bytes. Otherwise each value is
// checked and loaded by itself.
#pragma once
#include "kernels/device/divider.h"
#include "kernels/matmul/tile_product.h"

namespace dcgan::DCGAN_HOME {

__device__ __forceinline__ void load_four(const float* from, float (&to)[4]) {
  const float4 v = *reinterpret_cast<const float4*>(from);
  to[0] = v.x, to[1] = v.y, to[2] = v.z, to[3] = v.w;
}

__device__ __forceinline__ void zero_four(float (&to)[4]) { to[0] = to[1] = to[2] = to[3] = 0; }

/// (mn, k) = data[mn * depth + k]: a matrix [extent, depth], or the transpose of one.
template <bool vec4>
struct MatrixAlongK {
  static constexpr Neighbours neighbours = Neighbours::along_k;
  const float* data;
  int extent, depth;

  struct Cursor {
    const float* row;  // null: outside
  };
  __device__ __forceinline__ Cursor cursor(int mn) const {
    return {mn < extent ? data + static_cast<std::int64_t>(mn) * depth : nullptr};
  }
  __device__ __forceinline__ void load(const Cursor& at, int k, int k_end, float (&to)[4]) const {
    zero_four(to);
    if (!at.row) return;
    if constexpr (vec4) {
      if (k < k_end) load_four(at.row + k, to);
    } else {
      DCGAN_UNROLL
      for (int i = 0; i < 4; ++i)
        if (k + i < k_end) to[i] = at.row[k + i];
    }
  }
};

/// (mn, k) = data[k * extent + mn]: a matrix [depth, extent].
template <bool vec4>
struct MatrixAlongMn {
  static constexpr Neighbours neighbours = Neighbours::along_mn;
  const float* data;
  int extent;

  struct Cursor {
    int mn;
  };
  __device__ __forceinline__ Cursor cursor(int mn) const { return {mn}; }
  __device__ __forceinline__ void load(const Cursor& at, int k, int k_end, float (&to)[4]) const {
    zero_four(to);
    if (k >= k_end) return;
    const float* from = data + static_cast<std::int64_t>(k) * extent + at.mn;
    if constexpr (vec4) {
      if (at.mn < extent) load_four(from, to);
    } else {
      DCGAN_UNROLL
      for (int i = 0; i < 4; ++i)
        if (at.mn + i < extent) to[i] = from[i];
    }
  }
};

/// A convolution x [batch, height, width, in] -> z [batch, out_height, out_width, out] with kernel
/// [size, size, in, out]; z(oh, ow) sees x(oh * stride - pad_top + kh, ow * stride - pad_left +
/// kw).
struct ConvGeometry {
  int batch, height, width, in, out_height, out_width, out, size, stride, pad_top, pad_left;
  Divider by_in, by_out, by_size, by_out_width, by_out_pixels;
};

/// Patches of x as rows: m = (b, oh, ow), k = (kh, kw, in). A of the forward pass.
template <bool vec4>
struct PatchesAlongK {
  static constexpr Neighbours neighbours = Neighbours::along_k;
  ConvGeometry g;
  const float* x;

  struct Cursor {
    const float* image;  // null: outside
    int top, left;       // of the patch
  };
  __device__ __forceinline__ Cursor cursor(int m) const {
    int ow = m;
    const int b = g.by_out_pixels.divide_off(ow);
    const int oh = g.by_out_width.divide_off(ow);
    if (b >= g.batch) return {nullptr, 0, 0};
    return {x + static_cast<std::int64_t>(b) * g.height * g.width * g.in, oh * g.stride - g.pad_top,
            ow * g.stride - g.pad_left};
  }
  __device__ __forceinline__ void load(const Cursor& at, int k, int k_end, float (&to)[4]) const {
    zero_four(to);
    if (!at.image) return;
    if constexpr (vec4) {
      const float* from = k < k_end ? find(at, k) : nullptr;
      if (from) load_four(from, to);
    } else {
      DCGAN_UNROLL
      for (int i = 0; i < 4; ++i) {
        const float* from = k + i < k_end ? find(at, k + i) : nullptr;
        if (from) to[i] = *from;
      }
    }
  }

 private:
  __device__ __forceinline__ const float* find(const Cursor& at, int k) const {
    int channel = k;
    int kw = g.by_in.divide_off(channel);
    const int kh = g.by_size.divide_off(kw);
    const int h = at.top + kh, w = at.left + kw;
    if (h < 0 || h >= g.height || w < 0 || w >= g.width) return nullptr;
    return at.image + (h * g.width + w) * g.in + channel;
  }
};

/// The same patches, transposed: m = (kh, kw, in), k = (b, oh, ow). A of the weights' gradient.
template <bool vec4>
struct PatchesAlongMn {
  static constexpr Neighbours neighbours = Neighbours::along_mn;
  ConvGeometry g;
  const float* x;

  struct Tap {
    int kh, kw, channel;  // kh: size or more where m is outside
  };
  struct Cursor {
    Tap tap[vec4 ? 1 : 4];
  };
  __device__ __forceinline__ Cursor cursor(int m) const {
    Cursor at;
    DCGAN_UNROLL
    for (int i = 0; i < (vec4 ? 1 : 4); ++i) {
      Tap& tap = at.tap[i];
      tap.channel = m + i;
      tap.kw = g.by_in.divide_off(tap.channel);
      tap.kh = g.by_size.divide_off(tap.kw);
    }
    return at;
  }
  __device__ __forceinline__ void load(const Cursor& at, int k, int k_end, float (&to)[4]) const {
    zero_four(to);
    if (k >= k_end) return;
    int ow = k;
    const int b = g.by_out_pixels.divide_off(ow);
    const int oh = g.by_out_width.divide_off(ow);
    const float* image = x + static_cast<std::int64_t>(b) * g.height * g.width * g.in;
    if constexpr (vec4) {
      const float* from = find(image, oh, ow, at.tap[0]);
      if (from) load_four(from, to);
    } else {
      DCGAN_UNROLL
      for (int i = 0; i < 4; ++i) {
        const float* from = find(image, oh, ow, at.tap[i]);
        if (from) to[i] = *from;
      }
    }
  }

 private:
  __device__ __forceinline__ const float* find(const float* image, int oh, int ow,
                                               const Tap& tap) const {
    const int h = oh * g.stride - g.pad_top + tap.kh, w = ow * g.stride - g.pad_left + tap.kw;
    if (tap.kh >= g.size || h < 0 || h >= g.height || w < 0 || w >= g.width) return nullptr;
    return image + (h * g.width + w) * g.in + tap.channel;
  }
};

/// The pixels of x in one class: h = first_h + stride * i, w = first_w + stride * j. All of them
/// see the same taps, kh = first_kh + stride * s and kw = first_kw + stride * t, so that no product
/// of the adjoint is with a tap that stride 2 leaves out.
struct PixelClass {
  int first_h, first_w, rows, columns;  // pixels of the class
  int first_kh, first_kw, tap_rows, tap_columns;
  int first_oh, first_ow;  // the output row that tap 0 joins to pixel row 0
  Divider by_pixels, by_columns, by_tap_columns;
};

/// The gradient dz as the adjoint gathers it: m = (b, i, j) of a class, k = (s, t, out). A of the
/// data's gradient.
template <bool vec4>
struct GradientAlongK {
  static constexpr Neighbours neighbours = Neighbours::along_k;
  ConvGeometry g;
  PixelClass c;
  const float* dz;

  struct Cursor {
    const float* image;  // null: outside
    int oh, ow;          // that tap (0, 0) joins to this pixel
  };
  __device__ __forceinline__ Cursor cursor(int m) const {
    int j = m;
    const int b = c.by_pixels.divide_off(j);
    const int i = c.by_columns.divide_off(j);
    if (b >= g.batch) return {nullptr, 0, 0};
    return {dz + static_cast<std::int64_t>(b) * g.out_height * g.out_width * g.out, c.first_oh + i,
            c.first_ow + j};
  }
  __device__ __forceinline__ void load(const Cursor& at, int k, int k_end, float (&to)[4]) const {
    zero_four(to);
    if (!at.image) return;
    if constexpr (vec4) {
      const float* from = k < k_end ? find(at, k) : nullptr;
      if (from) load_four(from, to);
    } else {
      DCGAN_UNROLL
      for (int i = 0; i < 4; ++i) {
        const float* from = k + i < k_end ? find(at, k + i) : nullptr;
        if (from) to[i] = *from;
      }
    }
  }

 private:
  __device__ __forceinline__ const float* find(const Cursor& at, int k) const {
    int channel = k;
    int t = g.by_out.divide_off(channel);
    const int s = c.by_tap_columns.divide_off(t);
    const int oh = at.oh - s, ow = at.ow - t;
    if (oh < 0 || oh >= g.out_height || ow < 0 || ow >= g.out_width) return nullptr;
    return at.image + (oh * g.out_width + ow) * g.out + channel;
  }
};

/// The kernel's taps of that class: n = in, k = (s, t, out). B of the data's gradient.
template <bool vec4>
struct ClassKernelAlongK {
  static constexpr Neighbours neighbours = Neighbours::along_k;
  ConvGeometry g;
  PixelClass c;
  const float* kernel;

  struct Cursor {
    int n;
  };
  __device__ __forceinline__ Cursor cursor(int n) const { return {n}; }
  __device__ __forceinline__ void load(const Cursor& at, int k, int k_end, float (&to)[4]) const {
    zero_four(to);
    if (at.n >= g.in) return;
    if constexpr (vec4) {
      if (k < k_end) load_four(find(at, k), to);
    } else {
      DCGAN_UNROLL
      for (int i = 0; i < 4; ++i)
        if (k + i < k_end) to[i] = *find(at, k + i);
    }
  }

 private:
  __device__ __forceinline__ const float* find(const Cursor& at, int k) const {
    int channel = k;
    int t = g.by_out.divide_off(channel);
    const int s = c.by_tap_columns.divide_off(t);
    const int tap = (c.first_kh + s * g.stride) * g.size + c.first_kw + t * g.stride;
    return kernel + (static_cast<std::int64_t>(tap) * g.in + at.n) * g.out + channel;
  }
};

}  // namespace dcgan::DCGAN_HOME
