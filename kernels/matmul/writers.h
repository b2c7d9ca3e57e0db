// Where the main loop's results go. row(m) and columns(n) compute once what depends on a row or on
// four columns alone; write(row, columns, values) takes four columns of one row. Rows and columns
// outside C are dropped. What is done to the values is a Finish: an epilogue, or the gradient of
// the epilogue of the layer before with its sums over the rows.
#pragma once
#include "kernels/device/divider.h"
#include "kernels/epilogue_parameters.h"
#include "kernels/matmul/tile_sums.h"

namespace dcgan::DCGAN_TARGET {

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
    Pack<width> result{}, dz;
    BytePack<width> kept{};
    if (activation != Activation::none) result = Pack<width>::load(y + index);
    if (keep) kept = BytePack<width>::load(keep + index);
    const float scale = sample_scale ? sample_scale[by_sample.divide(index)] : 1.0F;
    DCGAN_UNROLL
    for (int i = 0; i < width; ++i)
      dz.value[i] = differentiate(dy.value[i] * scale, result.value[i], kept.value[i] != 0);
    sum += dz;
    return dz;
  }
};

/// Four neighbouring columns as one pack or, where rows are no multiple of four, as four.
template <bool vec4>
struct FourColumns {
  static constexpr int width = vec4 ? 4 : 1, packs = 4 / width;
  int n;
  Pack<width> of[packs];  // what the Finish keeps of them
};

/// c [.., width] = finish(values) in the row that begins at `row`; negative: none.
template <bool vec4, class Finish_>
struct RowWriter {
  using Finish = Finish_;
  using Four = FourColumns<vec4>;
  Finish finish;  // first: so nvcc's main loop takes the fewest instructions
  float* c;
  int width;

  __device__ __forceinline__ Four columns(int n) const {
    Four four{n, {}};
    DCGAN_UNROLL
    for (int p = 0; p < Four::packs; ++p)
      if (n + p < width) four.of[p] = finish.template of_columns<Four::width>(n + p);
    return four;
  }
  __device__ __forceinline__ void write(int row, Four& four, const float* values) const {
    write_to(c, row, four, values);
  }

 protected:
  __device__ __forceinline__ void write_to(float* to, int row, Four& four,
                                           const float* values) const {
    if (row < 0) return;
    DCGAN_UNROLL
    for (int p = 0; p < Four::packs; ++p) {
      if (four.n + p >= width) continue;
      Pack<Four::width> z;
      DCGAN_UNROLL
      for (int i = 0; i < Four::width; ++i) z.value[i] = values[p + i];
      const int index = row + four.n + p;
      finish.apply(z, four.of[p], index).store(to + index);
    }
  }
};

/// C [rows, width]. Part z of a split sum has its own C after the others; its place is computed
/// after the loop, which has no register to spare for it.
template <bool vec4, class Finish>
struct MatrixWriter : RowWriter<vec4, Finish> {
  int rows;

  __device__ __forceinline__ int row(int m) const { return m < rows ? m * this->width : -1; }
  __device__ __forceinline__ void write(int row, FourColumns<vec4>& four,
                                        const float* values) const {
    const auto part = static_cast<std::int64_t>(blockIdx.z) * rows * this->width;
    this->write_to(this->c + part, row, four, values);
  }
};

}  // namespace dcgan::DCGAN_TARGET
