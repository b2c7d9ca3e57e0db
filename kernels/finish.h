// What is done to a layer's result on its way to memory: its epilogue or, on the way back, the
// gradient of the epilogue of the layer before with its sums over the rows. What batch norm takes
// is in batch_norm_finish.h.
#pragma once
#include "kernels/device/column_sums.h"
#include "kernels/device/divider.h"
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

/// A Finish that adds up the columns of C [.., columns], a multiple of 4. scratch: a row of C for
/// each sum and tile along m, a counter for each along n.
struct SumsColumns {
  int columns;
  Scratch scratch;
};

/// y = epilogue(z).
struct ForwardFinish : EpilogueParameters {
  static constexpr int column_sums = 0;      // how many are made of each column
  static constexpr bool has_origin = false;  // they are about a value of the tile's first row

  template <int width>
  using OfColumns = Pack<width>;  // what is kept of neighbouring columns: the bias

  /// Of the columns from `column` on.
  template <int width>
  __device__ __forceinline__ OfColumns<width> of_columns(int column) const {
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
struct BackwardFinish : EpilogueParameters, SumsColumns {
  static constexpr int column_sums = 1;
  static constexpr bool has_origin = false;

  BackwardFinish(const EpilogueBackward& c, const SumsColumns& sums)
      : EpilogueParameters(c.epilogue, nullptr, c.keep),
        SumsColumns(sums),
        y(c.y),
        sample_scale(c.sample_scale),
        by_sample(narrow(c.sample_scale ? c.sample_size : 1)),
        dbias(c.dbias) {}

  const float* y;
  const float* sample_scale;  // multiplies the gradient of each sample; null: none
  Divider by_sample;
  float* dbias;  // [columns], the sums of dz; null: not made

  template <int width>
  struct OfColumns {
    Pack<width> sums[1];  // so far
  };

  template <int width>
  __device__ __forceinline__ OfColumns<width> of_columns(int) const {
    return {};
  }
  template <int width>
  __device__ __forceinline__ Pack<width> apply(const Pack<width>& dy, OfColumns<width>& of,
                                               int index) const {
    const float scale = sample_scale ? sample_scale[by_sample.divide(index)] : 1.0F;
    const Pack<width> dz =
        dcgan::DCGAN_TARGET::differentiate(*this, load_terms<width>(*this, dy, scale, y, index));
    of.sums[0] += dz;
    return dz;
  }
  __device__ __forceinline__ bool wants_sums() const { return dbias != nullptr; }
  /// Of the columns of each thread, from the tiles' sums in scratch: by the last block.
  template <class Shared>
  __device__ __forceinline__ void write_totals(const ColumnWalk& walk, const ColumnPlace& at,
                                               Shared& shared) const {
    const auto total = add_up_parts<PlainSums, 4>(walk, at, scratch.floats, shared);
    if (at.row_lane == 0 && at.inside) total.sum.store(dbias + at.column);
  }
};

}  // namespace dcgan::DCGAN_TARGET
