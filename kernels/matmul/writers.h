// Where the main loop's results go. row(m) and columns(n) compute once what depends on a row or on
// four columns alone; write(row, columns, values) takes four columns of one row. Rows and columns
// outside C are dropped; rows_from(m) are left from m on, perhaps less than none. What is done to
// the values is a Finish (kernels/finish.h).
#pragma once
#include "kernels/device/pack.h"

namespace dcgan::DCGAN_TARGET {

/// Four neighbouring columns as one pack or, where rows are no multiple of four, as four.
template <bool vec4, class Finish>
struct FourColumns {
  static constexpr int width = vec4 ? 4 : 1, packs = 4 / width;
  int n;
  typename Finish::template OfColumns<width> of[packs];  // what the Finish keeps of them
};

/// c [.., width] = finish(values) in the row that begins at `row`; negative: none.
template <bool vec4, class Finish_>
struct RowWriter {
  using Finish = Finish_;
  using Four = FourColumns<vec4, Finish>;
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
  __device__ __forceinline__ int rows_from(int m) const { return rows - m; }
  __device__ __forceinline__ void write(int row, FourColumns<vec4, Finish>& four,
                                        const float* values) const {
    const auto part = static_cast<std::int64_t>(blockIdx.z) * rows * this->width;
    this->write_to(this->c + part, row, four, values);
  }
};

}  // namespace dcgan::DCGAN_TARGET
