// Where the gradient of a layer's result comes from, before the layer's epilogue is differentiated:
// `width` neighbours from a place on, counted in values.
#pragma once
#include <variant>

#include "kernels/device/divider.h"
#include "kernels/device/parts.h"

namespace dcgan::DCGAN_TARGET {

struct GradientInMemory {
  const float* dy;

  template <int width>
  __device__ __forceinline__ Pack<width> load(std::int64_t at) const {
    return Pack<width>::load(dy + at);
  }
};

/// The parts of a product whose sum was split, `stride` values apart; not of a gradient only.
struct MatrixInParts {
  const float* parts;
  int count;
  std::int64_t stride;

  template <int width>
  __device__ __forceinline__ Pack<width> load(std::int64_t at) const {
    Pack<width> sum = Pack<width>::load(parts + at);
    add_packs(sum, parts + stride + at, stride, count - 1);
    return sum;
  }
};

/// dz [rows] * kernel^T of a dense layer with one output and kernel [in].
struct GradientOfOneOutput {
  const float *dz, *kernel;
  Divider by_in;

  template <int width>
  __device__ __forceinline__ Pack<width> load(std::int64_t at) const {
    const auto [row, column] = by_in.divmod(narrow(at));
    return Pack<width>::load(kernel + column) * Pack<width>::broadcast(dz[row]);
  }
};

using GradientSource = std::variant<GradientInMemory, MatrixInParts, GradientOfOneOutput>;

}  // namespace dcgan::DCGAN_TARGET
