// Where the main loop's results go. row(m) and columns(n) are asked once for what depends on a row
// or on four columns alone; write(row, columns, values) takes four columns of one row. Rows and
// columns outside C are dropped.
#pragma once
#include "kernels/epilogue_parameters.h"
#include "kernels/matmul/operands.h"

namespace dcgan::DCGAN_TARGET {

/// Four neighbouring columns as one pack or, where rows are no multiple of four, as four.
template <bool vec4>
struct FourColumns {
  static constexpr int width = vec4 ? 4 : 1, packs = 4 / width;
  int n;
  Pack<width> bias[packs];
};

template <bool vec4>
__device__ __forceinline__ FourColumns<vec4> columns_from(const EpilogueParameters& epilogue, int n,
                                                          int columns) {
  using Four = FourColumns<vec4>;
  Four four{n, {}};
  DCGAN_UNROLL
  for (int p = 0; p < Four::packs; ++p)
    if (n + p < columns) four.bias[p] = epilogue.template bias_of<Four::width>(n + p);
  return four;
}

/// c [.., columns] = epilogue(values) in the row that begins at `row`; negative: none.
template <bool vec4>
__device__ __forceinline__ void write_columns(const EpilogueParameters& epilogue, float* c, int row,
                                              int columns, const FourColumns<vec4>& four,
                                              const float* values) {
  using Four = FourColumns<vec4>;
  if (row < 0) return;
  DCGAN_UNROLL
  for (int p = 0; p < Four::packs; ++p) {
    if (four.n + p >= columns) continue;
    Pack<Four::width> z;
    DCGAN_UNROLL
    for (int i = 0; i < Four::width; ++i) z.value[i] = values[p + i];
    const int index = row + four.n + p;
    epilogue.apply(z, four.bias[p], index).store(c + index);
  }
}

/// C [rows, width] through an epilogue. Part z of a split sum has a C of its own behind the others;
/// its place is worked out behind the loop, which has no register to spare for it.
template <bool vec4>
struct MatrixWriter {
  float* c;
  int rows, width;
  EpilogueParameters epilogue;

  __device__ __forceinline__ int row(int m) const { return m < rows ? m * width : -1; }
  __device__ __forceinline__ FourColumns<vec4> columns(int n) const {
    return columns_from<vec4>(epilogue, n, width);
  }
  __device__ __forceinline__ void write(int row, const FourColumns<vec4>& four,
                                        const float* values) const {
    float* part = c + static_cast<std::int64_t>(blockIdx.z) * rows * width;
    write_columns<vec4>(epilogue, part, row, width, four, values);
  }
};

/// The pixels of one class of an image [batch, height, width, in], through an epilogue.
template <bool vec4>
struct ClassWriter {
  ConvGeometry g;
  PixelClass c;
  float* dx;
  EpilogueParameters epilogue;

  __device__ __forceinline__ int row(int m) const {
    if (m >= g.batch * c.rows * c.columns) return -1;
    const auto [b, in_class] = c.by_pixels.divmod(m);
    const auto [i, j] = c.by_columns.divmod(in_class);
    const int h = c.first_h + i * g.stride, w = c.first_w + j * g.stride;
    return ((b * g.height + h) * g.width + w) * g.in;
  }
  __device__ __forceinline__ FourColumns<vec4> columns(int n) const {
    return columns_from<vec4>(epilogue, n, g.in);
  }
  __device__ __forceinline__ void write(int row, const FourColumns<vec4>& four,
                                        const float* values) const {
    write_columns<vec4>(epilogue, dx, row, g.in, four, values);
  }
};

}  // namespace dcgan::DCGAN_TARGET
