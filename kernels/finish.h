// What is done to a layer's result on its way to memory: its epilogue or, on the way back, the
// gradient of the epilogue of the layer before with its sums over the rows.
#pragma once
#include "kernels/device/divider.h"
#include "kernels/device/scratch.h"
#include "kernels/epilogue_parameters.h"

namespace dcgan::DCGAN_TARGET {

/// The operands of `width` gradients, of one sample.
template <int width>
struct GradientTerms {
  Pack<width> dy, y;
  BytePack<width> keep;
  float scale;
};

/// Those from `at` on, beside dy.
template <int width>
__device__ __forceinline__ GradientTerms<width> load_terms(const EpilogueParameters& epilogue,
                                                           const Pack<width>& dy, float scale,
                                                           const float* y, std::int64_t at) {
  GradientTerms<width> t{dy, {}, {}, scale};
  if (epilogue.keep) t.keep = BytePack<width>::load(epilogue.keep + at);
  if (epilogue.activation != Activation::none) t.y = Pack<width>::load(y + at);
  return t;
}

template <int width>
__device__ __forceinline__ Pack<width> differentiate(const EpilogueParameters& epilogue,
                                                     const GradientTerms<width>& t) {
  Pack<width> g;
  DCGAN_UNROLL
  for (int i = 0; i < width; ++i)
    g.value[i] =
        epilogue.differentiate(t.dy.value[i] * t.scale, t.y.value[i], t.keep.value[i] != 0);
  return g;
}

/// Sums of the columns of C [.., columns], a multiple of 4, in out. scratch: a row of C for each
/// tile along m, a counter for each along n.
struct ColumnTotals {
  float* out;
  int columns;
  Scratch scratch;
};

/// y = epilogue(z).
struct ForwardFinish : EpilogueParameters {
  static constexpr bool sums_columns = false;

  /// Of the columns from `column` on.
  template <int width>
  __device__ __forceinline__ Pack<width> of_columns(int column) const {
    return bias_of<width>(column);
  }
  template <int width>
  __device__ __forceinline__ Pack<width> apply(const Pack<width>& z, const Pack<width>& shift,
                                               int index) const {
    return EpilogueParameters::apply(z, shift, index);
  }
};

/// dz from dy: back through the epilogue of the layer before, whose result was y. A pack lies
/// within a sample.
struct BackwardFinish : EpilogueParameters {
  static constexpr bool sums_columns = true;

  BackwardFinish(const EpilogueBackward& c, const ColumnTotals& totals)
      : EpilogueParameters(c.epilogue, nullptr, c.keep),
        y(c.y),
        sample_scale(c.sample_scale),
        by_sample(narrow(c.sample_scale ? c.sample_size : 1)),
        dbias(totals) {}

  const float* y;
  const float* sample_scale;  // multiplies the gradient of each sample; null: none
  Divider by_sample;
  ColumnTotals dbias;  // the sums of dz; without `out` they are not made

  template <int width>
  __device__ __forceinline__ Pack<width> of_columns(int) const {
    return {};  // the sums so far
  }
  template <int width>
  __device__ __forceinline__ Pack<width> apply(const Pack<width>& dy, Pack<width>& sum,
                                               int index) const {
    const float scale = sample_scale ? sample_scale[by_sample.divide(index)] : 1.0F;
    const Pack<width> dz =
        dcgan::DCGAN_TARGET::differentiate(*this, load_terms<width>(*this, dy, scale, y, index));
    sum += dz;
    return dz;
  }
};

}  // namespace dcgan::DCGAN_TARGET
