// Training is two kernels: sums of x - x[0] and its square per channel and part of the rows (a
// shift that no large mean can cancel), of which a panel's last block makes each channel's
// statistics, and y = leaky(scale * x + shift). Backward is two as well: sums of g = dy * leaky'
// and g * xhat, whose totals the last block writes, and dx. Where a block can have all rows of its
// columns, as behind a dense layer, it does both in one kernel. The first kernel of two is left out
// where the layer that makes its matrix makes the sums, too.
#include "kernels/batch_norm.h"

#include "kernels/batch_norm_finish.h"
#include "kernels/device/divider.h"

namespace dcgan::DCGAN_TARGET {
namespace {

constexpr int threads = ColumnWalk::threads;

/// Of a thread's rows.
template <int width>
__device__ __forceinline__ CentredSums<width> centred_sums(const ColumnWalk& walk,
                                                           const ColumnPlace& at, const float* x) {
  CentredSums<width> of{};
  if (at.inside) of.origin = Pack<width>::load(x + at.column);
  const auto load = [&](int row) {
    return Pack<width>::load(x + std::int64_t{row} * walk.columns + at.column);
  };
  walk_rows<4>(walk, at, load, [&](int, const Pack<width>& v) { of.add(v); });
  return of;
}

/// Statistics of each channel: mean, inv_std and the moving averages. Threads as in ColumnWalk.
/// Shared memory and barriers: two_column_sums.
template <int width>
__global__ void __launch_bounds__(threads)
    batch_norm_statistics_kernel(ColumnWalk walk, const float* x, Scratch scratch, Statistics to) {
  wait_for_previous_launch();
  const ColumnPlace at = column_place(walk);
  const CentredSums<width> of = centred_sums<width>(walk, at, x);
  const TwoTotals<width> totals = two_column_sums(walk, at, of.sum, of.squares, scratch);
  if (totals.mine) to.write(totals, of.origin, at.column);
}

/// The same of x = the sum of its parts + bias, which is kept.
__global__ void __launch_bounds__(threads)
    batch_norm_statistics_of_parts_kernel(ColumnWalk walk, MatrixInParts parts, const float* bias,
                                          float* x, Scratch scratch, Statistics to) {
  wait_for_previous_launch();
  const ColumnPlace at = column_place(walk);
  const auto index = [&](int row) { return std::int64_t{row} * walk.columns + at.column; };
  Pack<4> shift{};
  if (at.inside && bias) shift = Pack<4>::load(bias + at.column);
  const auto load = [&](int row) {
    auto sum = parts.load<4>(index(row));
    sum += shift;
    return sum;
  };
  CentredSums<4> of{};
  if (at.inside) of.origin = load(0);
  walk_rows<1>(walk, at, load, [&](int row, const Pack<4>& v) {
    v.store(x + index(row));
    of.add(v);
  });
  const TwoTotals<4> totals = two_column_sums(walk, at, of.sum, of.squares, scratch);
  if (totals.mine) to.write(totals, of.origin, at.column);
}

/// inv_std of the moving variance, for inference. One thread per channel.
__global__ void __launch_bounds__(threads)
    batch_norm_moving_kernel(const float* moving_variance, int channels, float epsilon,
                             float* inv_std) {
  wait_for_previous_launch();
  const int c = block_index().x * threads + thread_index();
  if (c < channels) inv_std[c] = 1 / sqrtf(moving_variance[c] + epsilon);
}

/// LeakyReLU's forward and backward pass: v where `sign` is positive, elsewhere v * slope.
template <int width>
__device__ __forceinline__ Pack<width> leaky(Pack<width> v, const Pack<width>& sign, float slope) {
  DCGAN_UNROLL
  for (int i = 0; i < width; ++i) v.value[i] = sign.value[i] > 0 ? v.value[i] : v.value[i] * slope;
  return v;
}

/// What normalises neighbouring columns.
template <int width>
struct Affine {
  Pack<width> mean, scale, beta;

  static __device__ __forceinline__ Affine load(const Normalisation& s, int column) {
    using P = Pack<width>;
    return {P::load(s.mean + column), P::load(s.inv_std + column) * P::load(s.gamma + column),
            P::load(s.beta + column)};
  }
  /// leaky((x - mean) * inv_std * gamma + beta)
  __device__ __forceinline__ Pack<width> of(const Pack<width>& x, float slope) const {
    Pack<width> y = beta;
    y.fma(x - mean, scale);
    return leaky(y, y, slope);
  }
};

/// y = leaky((x - mean) * inv_std * gamma + beta). A thread owns `width` neighbours; no shared
/// memory, no barrier.
template <int width>
__global__ void __launch_bounds__(threads)
    batch_norm_normalise_kernel(std::int64_t count, Divider by_channels, const float* x,
                                Normalisation s, float slope, float* y) {
  wait_for_previous_launch();
  const std::int64_t at = global_index() * width;
  if (at >= count) return;
  const auto v = Pack<width>::load(x + at);
  const auto affine = Affine<width>::load(s, by_channels.remainder(narrow(at)));
  affine.of(v, slope).store(y + at);
}

/// Statistics as above and, from them, y. Threads as in ColumnWalk; a block has whole columns.
/// Shared memory: two_totals_of_block. Barriers: its own, and one before the statistics are read.
template <int width>
__global__ void __launch_bounds__(threads)
    batch_norm_whole_forward_kernel(ColumnWalk walk, const float* x, Statistics to,
                                    const float* gamma, const float* beta, float slope, float* y) {
  wait_for_previous_launch();
  const ColumnPlace at = column_place(walk);
  const CentredSums<width> of = centred_sums<width>(walk, at, x);
  const TwoTotals<width> totals = two_totals_of_block(at, of.sum, of.squares);
  if (totals.mine) to.write(totals, of.origin, at.column);
  __syncthreads();  // the block's statistics are written
  if (!at.inside) return;
  const auto affine = Affine<width>::load({to.mean, to.inv_std, gamma, beta}, at.column);
  const auto index = [&](int row) { return std::int64_t{row} * walk.columns + at.column; };
  const auto load = [&](int row) { return Pack<width>::load(x + index(row)); };
  walk_rows<4>(walk, at, load,
               [&](int row, const Pack<width>& v) { affine.of(v, slope).store(y + index(row)); });
}

/// Of `width` neighbours.
template <int width>
struct BackwardTerms {
  Pack<width> x, y, dy;

  static __device__ __forceinline__ BackwardTerms load(const BackwardInputs& in,
                                                       std::int64_t index) {
    return {Pack<width>::load(in.x + index), Pack<width>::load(in.y + index),
            Pack<width>::load(in.dy + index)};
  }
};

/// Of a thread's rows: sums of g = dy * leaky'(y) and of g * xhat.
template <int width>
struct GradientSums {
  Pack<width> sum, products;
};

/// terms_at(index): the BackwardTerms there.
template <int width, class Load>
__device__ __forceinline__ GradientSums<width> gradient_sums(const ColumnWalk& walk,
                                                             const ColumnPlace& at,
                                                             const BackwardInputs& in,
                                                             const Load& terms_at) {
  GradientSums<width> of{};
  Pack<width> mean{}, inv_std{};
  if (at.inside) {
    mean = Pack<width>::load(in.mean + at.column);
    inv_std = Pack<width>::load(in.inv_std + at.column);
  }
  const auto load = [&](int row) { return terms_at(std::int64_t{row} * walk.columns + at.column); };
  walk_rows<width == 1 ? 4 : 1>(walk, at, load, [&](int, const BackwardTerms<width>& row) {
    DCGAN_UNROLL
    for (int i = 0; i < width; ++i) {  // one loop: nvcc does not unroll the walk over packs
      const float dy = row.dy.value[i], g = row.y.value[i] > 0 ? dy : dy * in.slope;
      of.sum.value[i] += g;
      const float xhat = (row.x.value[i] - mean.value[i]) * inv_std.value[i];
      of.products.value[i] = fmaf(g, xhat, of.products.value[i]);
    }
  });
  return of;
}

template <int width>
__device__ __forceinline__ GradientSums<width> gradient_sums(const ColumnWalk& walk,
                                                             const ColumnPlace& at,
                                                             const BackwardInputs& in) {
  return gradient_sums<width>(
      walk, at, in, [&](std::int64_t index) { return BackwardTerms<width>::load(in, index); });
}

/// dbeta, the sums of g, and dgamma, those of g * xhat. Threads, shared memory and barriers as in
/// batch_norm_statistics_kernel.
template <int width>
__global__ void __launch_bounds__(threads)
    batch_norm_gradient_sums_kernel(ColumnWalk walk, BackwardInputs in, Scratch scratch,
                                    float* dgamma, float* dbeta) {
  wait_for_previous_launch();
  const ColumnPlace at = column_place(walk);
  const GradientSums<width> of = gradient_sums<width>(walk, at, in);
  const TwoTotals<width> totals = two_column_sums(walk, at, of.sum, of.products, scratch);
  if (totals.mine) write_gradients(totals, at.column, dgamma, dbeta);
}

/// The same of dy = the sum of its parts, which is kept.
__global__ void __launch_bounds__(threads)
    batch_norm_sums_of_parts_kernel(ColumnWalk walk, MatrixInParts parts, BackwardInputs in,
                                    float* dy, Scratch scratch, float* dgamma, float* dbeta) {
  wait_for_previous_launch();
  const ColumnPlace at = column_place(walk);
  const GradientSums<4> of = gradient_sums<4>(walk, at, in, [&](std::int64_t index) {
    const auto sum = parts.load<4>(index);  // once: walks over packs go row by row
    sum.store(dy + index);
    return BackwardTerms<4>{Pack<4>::load(in.x + index), Pack<4>::load(in.y + index), sum};
  });
  const TwoTotals<4> totals = two_column_sums(walk, at, of.sum, of.products, scratch);
  if (totals.mine) write_gradients(totals, at.column, dgamma, dbeta);
}

/// What the gradient of neighbouring columns' input takes beside their values.
template <int width>
struct InputGradient {
  Pack<width> mean, inv_std, gamma, dgamma, dbeta;

  static __device__ __forceinline__ InputGradient load(const BackwardInputs& in,
                                                       const ParameterGradients& p, int column) {
    using P = Pack<width>;
    return {P::load(in.mean + column), P::load(in.inv_std + column), P::load(p.gamma + column),
            P::load(p.dgamma + column), P::load(p.dbeta + column)};
  }
  /// dx = gamma * inv_std * (g - dbeta / rows - xhat * dgamma / rows)
  __device__ __forceinline__ Pack<width> of(const BackwardTerms<width>& t, float slope,
                                            float rows_inverse) const {
    const Pack<width> xhat = (t.x - mean) * inv_std;
    const auto inverse_rows = Pack<width>::broadcast(rows_inverse);
    const Pack<width> centred = leaky(t.dy, t.y, slope) - dbeta * inverse_rows;
    return gamma * inv_std * (centred - xhat * (dgamma * inverse_rows));
  }
};

/// dx. A thread owns `width` neighbours; dx may be dy; no shared memory, no barrier.
template <int width>
__global__ void __launch_bounds__(threads)
    batch_norm_gradient_kernel(std::int64_t count, Divider by_channels, BackwardInputs in,
                               ParameterGradients p, float inverse_rows, float* dx) {
  wait_for_previous_launch();
  const std::int64_t at = global_index() * width;
  if (at >= count) return;
  // All loads first: nvcc then waits for all at once.
  const auto columns = InputGradient<width>::load(in, p, by_channels.remainder(narrow(at)));
  const auto terms = BackwardTerms<width>::load(in, at);
  columns.of(terms, in.slope, inverse_rows).store(dx + at);
}

/// Both at once; dx may be dy. Threads, shared memory and barriers as in
/// batch_norm_whole_forward_kernel.
template <int width>
__global__ void __launch_bounds__(threads, 4)
    batch_norm_whole_backward_kernel(ColumnWalk walk, BackwardInputs in, const float* gamma,
                                     float inverse_rows, float* dgamma, float* dbeta, float* dx) {
  wait_for_previous_launch();
  const ColumnPlace at = column_place(walk);
  const GradientSums<width> of = gradient_sums<width>(walk, at, in);
  const TwoTotals<width> totals = two_totals_of_block(at, of.sum, of.products);
  if (totals.mine) write_gradients(totals, at.column, dgamma, dbeta);
  __syncthreads();  // the block's sums are written
  if (!at.inside) return;
  const auto columns = InputGradient<width>::load(in, {gamma, dgamma, dbeta}, at.column);
  const auto index = [&](int row) { return std::int64_t{row} * walk.columns + at.column; };
  const auto load = [&](int row) { return BackwardTerms<width>::load(in, index(row)); };
  walk_rows<width == 1 ? 4 : 1>(walk, at, load, [&](int row, const BackwardTerms<width>& terms) {
    columns.of(terms, in.slope, inverse_rows).store(dx + index(row));
  });
}

/// The work of a kernel that reads or writes this many matrices.
Work over_matrices(const char* name, const ColumnWalk& walk, int matrices) {
  return {name, 4.0 * matrices * walk.rows * walk.columns};
}

/// The work of one that sums two values of each column.
Work over_columns(const char* name, const ColumnWalk& walk, int matrices) {
  Work work = over_matrices(name, walk, matrices);
  work.bytes += walk.parts_bytes(2);
  return work;
}

BackwardInputs inputs(const BatchNormSums& of) {
  return {of.x, of.y, of.dy, of.mean, of.inv_std, of.shape.negative_slope()};
}

}  // namespace

BatchNormKernels::BatchNormKernels(const BatchNormShape& s)
    : whole_(fits_whole_columns(s.rows, s.channels)),
      walk_(whole_ ? plan_whole_columns(s.rows, s.channels) : plan_column_walk(s.rows, s.channels)),
      shape_(s) {}

ScratchSize BatchNormKernels::scratch() const { return walk_.scratch(2); }

void BatchNormKernels::forward_training(const float* x, const BatchNormParameters& t, float* mean,
                                        float* inv_std, float* y, const Scratch& scratch,
                                        cudaStream_t stream) const {
  const Statistics to({shape_, mean, inv_std, t.moving_mean, t.moving_variance});
  with_width(walk_.width == 4, [&](auto width) {
    if (whole_)
      launch(over_matrices("batch_norm_whole_forward", walk_, 2),
             batch_norm_whole_forward_kernel<width>, walk_.grid(), threads, 0, stream, walk_, x, to,
             t.gamma, t.beta, shape_.negative_slope(), y);
    else
      launch(over_columns("batch_norm_statistics", walk_, 1), batch_norm_statistics_kernel<width>,
             walk_.grid(), threads, 0, stream, walk_, x, scratch, to);
  });
  if (!whole_) normalise(x, {mean, inv_std, t.gamma, t.beta}, y, stream);
}

void BatchNormKernels::forward_inference(const float* x, const BatchNormParameters& t, float* y,
                                         const Scratch& scratch, cudaStream_t stream) const {
  launch("batch_norm_moving", batch_norm_moving_kernel, blocks_for(walk_.columns, threads), threads,
         0, stream, t.moving_variance, walk_.columns, shape_.epsilon, scratch.floats);
  normalise(x, {t.moving_mean, scratch.floats, t.gamma, t.beta}, y, stream);
}

void BatchNormKernels::normalise(const float* x, const Normalisation& s, float* y,
                                 cudaStream_t stream) const {
  const std::int64_t count = std::int64_t{walk_.rows} * walk_.columns;
  with_width(walk_.width == 4, [&](auto width) {
    launch(over_matrices("batch_norm_normalise", walk_, 2), batch_norm_normalise_kernel<width>,
           blocks_for(count, threads * width), threads, 0, stream, count, Divider(walk_.columns), x,
           s, shape_.negative_slope(), y);
  });
}

void BatchNormKernels::backward(const float* x, const float* y, const float* dy,
                                const BatchNormParameters& t, const float* mean,
                                const float* inv_std, float* dx, float* dgamma, float* dbeta,
                                const Scratch& scratch, cudaStream_t stream) const {
  const BackwardInputs in{x, y, dy, mean, inv_std, shape_.negative_slope()};
  with_width(walk_.width == 4, [&](auto width) {
    if (whole_)
      launch(over_matrices("batch_norm_whole_backward", walk_, 4),
             batch_norm_whole_backward_kernel<width>, walk_.grid(), threads, 0, stream, walk_, in,
             t.gamma, 1.0F / static_cast<float>(walk_.rows), dgamma, dbeta, dx);
    else
      launch(over_columns("batch_norm_gradient_sums", walk_, 3),
             batch_norm_gradient_sums_kernel<width>, walk_.grid(), threads, 0, stream, walk_, in,
             scratch, dgamma, dbeta);
  });
  if (!whole_) gradient(in, {t.gamma, dgamma, dbeta}, dx, stream);
}

void BatchNormKernels::gradient(const BackwardInputs& in, const ParameterGradients& p, float* dx,
                                cudaStream_t stream) const {
  const std::int64_t count = std::int64_t{walk_.rows} * walk_.columns;
  with_width(walk_.width == 4, [&](auto width) {
    launch(over_matrices("batch_norm_gradient", walk_, 4), batch_norm_gradient_kernel<width>,
           blocks_for(count, threads * width), threads, 0, stream, count, Divider(walk_.columns),
           in, p, 1.0F / static_cast<float>(walk_.rows), dx);
  });
}

void BatchNormKernels::backward_from_sums(const BatchNormSums& of, const float* gamma, float* dx,
                                          cudaStream_t stream) const {
  gradient(inputs(of), {gamma, of.dgamma, of.dbeta}, dx, stream);
}

void batch_norm_statistics(const BatchNormStatistics& of, const MatrixInParts& parts,
                           const float* bias, float* x, const Scratch& scratch,
                           cudaStream_t stream) {
  const ColumnWalk walk = plan_column_walk(of.shape.rows, of.shape.channels);
  launch(over_columns("batch_norm_statistics_of_parts", walk, parts.count + 1),
         batch_norm_statistics_of_parts_kernel, walk.grid(), threads, 0, stream, walk, parts, bias,
         x, scratch, Statistics(of));
}

void batch_norm_sums(const BatchNormSums& of, const MatrixInParts& parts, const Scratch& scratch,
                     cudaStream_t stream) {
  const ColumnWalk walk = plan_column_walk(of.shape.rows, of.shape.channels);
  launch(over_columns("batch_norm_sums_of_parts", walk, parts.count + 3),
         batch_norm_sums_of_parts_kernel, walk.grid(), threads, 0, stream, walk, parts, inputs(of),
         of.dy, scratch, of.dgamma, of.dbeta);
}

}  // namespace dcgan::DCGAN_TARGET
