// Where the main loop's results go. write(m, n, values) takes four columns of one row; rows and
// columns outside C are dropped.
#pragma once
#include "kernels/epilogue_parameters.h"
#include "kernels/matmul/operands.h"

namespace dcgan::DCGAN_HOME {

/// Four values to columns n .. n+3 of a row that has `columns`.
template <bool vec4>
__device__ __forceinline__ void store_columns(float* row, int n, int columns, const float* values) {
  if constexpr (vec4) {
    if (n < columns)
      *reinterpret_cast<float4*>(row + n) = make_float4(values[0], values[1], values[2], values[3]);
  } else {
    DCGAN_UNROLL
    for (int i = 0; i < 4; ++i)
      if (n + i < columns) row[n + i] = values[i];
  }
}

/// C [rows, columns] through an epilogue.
template <bool vec4>
struct MatrixWriter {
  float* c;
  int rows, columns;
  EpilogueParameters epilogue;

  __device__ __forceinline__ void write(int m, int n, const float* values) const {
    if (m >= rows) return;
    const std::int64_t row = static_cast<std::int64_t>(m) * columns;
    float y[4];
    DCGAN_UNROLL
    for (int i = 0; i < 4; ++i)
      y[i] = n + i < columns ? epilogue.apply(values[i], n + i, row + n + i) : 0;
    store_columns<vec4>(c + row, n, columns, y);
  }
};

/// The pixels of one class of an image [batch, height, width, in], through an epilogue.
template <bool vec4>
struct ClassWriter {
  ConvGeometry g;
  PixelClass c;
  float* dx;
  EpilogueParameters epilogue;

  __device__ __forceinline__ void write(int m, int n, const float* values) const {
    int j = m;
    const int b = c.by_pixels.divide_off(j);
    const int i = c.by_columns.divide_off(j);
    if (b >= g.batch) return;
    const std::int64_t pixel =
        (static_cast<std::int64_t>(b) * g.height + c.first_h + i * g.stride) * g.width + c.first_w +
        j * g.stride;
    float y[4];
    DCGAN_UNROLL
    for (int v = 0; v < 4; ++v)
      y[v] = n + v < g.in ? epilogue.apply(values[v], n + v, pixel * g.in + n + v) : 0;
    store_columns<vec4>(dx + pixel * g.in, n, g.in, y);
  }
};

}  // namespace dcgan::DCGAN_HOME
