// Training is two kernels: sums of x - x[0] and its square per channel and part of the rows (a
// shift that no large mean can cancel), of which a panel's last block makes each channel's
// statistics, and y = leaky(scale * x + shift). Backward is two as well: sums of g = dy * leaky'
// and g * xhat, whose totals the last block writes, and dx.
#include "kernels/batch_norm.h"

#include "kernels/device/divider.h"

namespace dcgan::DCGAN_TARGET {
namespace {

constexpr int threads = ColumnWalk::threads;

struct Momentum {
  float momentum, epsilon;
};

/// Two sums of each column.
template <int width>
struct TwoTotals {
  CompensatedSums<width> first, second;
  bool mine;  // this thread has those of its columns; the others have none
};

/// The column sums of two values of each thread, in the panel's last block. scratch.floats [2,
/// parts, columns]. Shared memory: four packs per thread. Barriers: those of its parts;
/// the second store is before the first total, and a barrier is between the totals.
template <int width>
__device__ __forceinline__ TwoTotals<width> two_column_sums(const ColumnWalk& walk,
                                                            const ColumnPlace& at,
                                                            const Pack<width>& first,
                                                            const Pack<width>& second,
                                                            const Scratch& scratch) {
  __shared__ Pack<width> shared_first[threads];
  __shared__ Pack<width> shared_second[threads];
  __shared__ typename CompensatedSums<width>::Shared totals;
  float* seconds = scratch.floats + std::int64_t{walk.parts} * walk.columns;
  store_column_sums(walk, at, first, shared_first, scratch.floats);
  store_column_sums(walk, at, second, shared_second, seconds);
  if (!arrives_last(scratch.counters + blockIdx.x, static_cast<unsigned>(walk.parts)))
    return {{}, {}, false};
  TwoTotals<width> of{{}, {}, at.row_lane == 0 && at.inside};
  of.first = add_up_parts<CompensatedSums, width>(walk, at, scratch.floats, totals);
  __syncthreads();  // all lanes' sums are read
  of.second = add_up_parts<CompensatedSums, width>(walk, at, seconds, totals);
  return of;
}

/// moving = moving * keep + value * (1 - keep)
template <int width>
__device__ __forceinline__ void blend(float* moving, const Pack<width>& value, float keep) {
  Pack<width> blended = Pack<width>::load(moving);
  const float take = 1 - keep;
  DCGAN_UNROLL
  for (int i = 0; i < width; ++i)
    blended.value[i] = blended.value[i] * keep + value.value[i] * take;
  blended.store(moving);
}

/// Statistics of each channel: mean, inv_std and the moving averages. Threads as in ColumnWalk.
/// Shared memory and barriers: two_column_sums.
template <int width>
__global__ void __launch_bounds__(threads)
    batch_norm_statistics_kernel(ColumnWalk walk, const float* x, double inverse_rows, Momentum m,
                                 BatchNormParameters t, Scratch scratch, float* mean,
                                 float* inv_std) {
  wait_for_previous_launch();
  const ColumnPlace at = column_place(walk);
  Pack<width> sum{}, squares{}, origin{};
  if (at.inside) origin = Pack<width>::load(x + at.column);
  const auto load = [&](int row) {
    return Pack<width>::load(x + std::int64_t{row} * walk.columns + at.column);
  };
  walk_rows<4>(walk, at, load, [&](int, const Pack<width>& v) {
    const Pack<width> d = v - origin;
    sum += d;
    squares.fma(d, d);
  });
  const TwoTotals<width> totals = two_column_sums(walk, at, sum, squares, scratch);
  if (!totals.mine) return;
  using P = Pack<width>;
  P centre, biased, inverse;
  DCGAN_UNROLL
  for (int i = 0; i < width; ++i) {
    const double offset = totals.first.total(i) * inverse_rows;
    // The difference may cancel; float is enough for what remains.
    const float variance =
        static_cast<float>(totals.second.total(i) * inverse_rows - offset * offset);
    biased.value[i] = variance > 0 ? variance : 0;
    centre.value[i] = static_cast<float>(static_cast<double>(origin.value[i]) + offset);
    inverse.value[i] = 1 / sqrtf(biased.value[i] + m.epsilon);
  }
  centre.store(mean + at.column);
  inverse.store(inv_std + at.column);
  blend(t.moving_mean + at.column, centre, m.momentum);
  blend(t.moving_variance + at.column, biased, m.momentum);
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

/// y = leaky((x - mean) * inv_std * gamma + beta). A thread owns `width` neighbours; no shared
/// memory, no barrier.
template <int width>
__global__ void __launch_bounds__(threads)
    batch_norm_normalise_kernel(std::int64_t count, Divider by_channels, const float* x,
                                Normalisation s, float slope, float* y) {
  wait_for_previous_launch();
  const std::int64_t at = global_index() * width;
  if (at >= count) return;
  const int c = by_channels.remainder(narrow(at));
  using P = Pack<width>;
  P affine = P::load(s.beta + c);
  affine.fma(P::load(x + at) - P::load(s.mean + c), P::load(s.inv_std + c) * P::load(s.gamma + c));
  leaky(affine, affine, slope).store(y + at);
}

struct BackwardInputs {
  const float *x, *y, *dy, *mean, *inv_std;
  float slope;
};

/// dbeta, the sums of g = dy * leaky'(y), and dgamma, those of g * xhat. Threads, shared memory and
/// barriers as in batch_norm_statistics_kernel.
template <int width>
__global__ void __launch_bounds__(threads)
    batch_norm_gradient_sums_kernel(ColumnWalk walk, BackwardInputs in, Scratch scratch,
                                    float* dgamma, float* dbeta) {
  wait_for_previous_launch();
  const ColumnPlace at = column_place(walk);
  Pack<width> sum{}, products{}, mean{}, inv_std{};
  if (at.inside) {
    mean = Pack<width>::load(in.mean + at.column);
    inv_std = Pack<width>::load(in.inv_std + at.column);
  }
  struct Loaded {
    Pack<width> x, y, dy;
  };
  const auto load = [&](int row) {
    const std::int64_t index = std::int64_t{row} * walk.columns + at.column;
    return Loaded{Pack<width>::load(in.x + index), Pack<width>::load(in.y + index),
                  Pack<width>::load(in.dy + index)};
  };
  walk_rows<width == 1 ? 4 : 1>(walk, at, load, [&](int, const Loaded& row) {
    DCGAN_UNROLL
    for (int i = 0; i < width; ++i) {  // one loop: nvcc does not unroll the walk over packs
      const float dy = row.dy.value[i], g = row.y.value[i] > 0 ? dy : dy * in.slope;
      sum.value[i] += g;
      const float xhat = (row.x.value[i] - mean.value[i]) * inv_std.value[i];
      products.value[i] = fmaf(g, xhat, products.value[i]);
    }
  });
  const TwoTotals<width> totals = two_column_sums(walk, at, sum, products, scratch);
  if (!totals.mine) return;
  Pack<width> of_beta, of_gamma;
  DCGAN_UNROLL
  for (int i = 0; i < width; ++i) {
    of_beta.value[i] = static_cast<float>(totals.first.total(i));
    of_gamma.value[i] = static_cast<float>(totals.second.total(i));
  }
  of_beta.store(dbeta + at.column);
  of_gamma.store(dgamma + at.column);
}

struct ParameterGradients {
  const float *gamma, *dgamma, *dbeta;
  float inverse_rows;
};

/// dx = gamma * inv_std * (g - dbeta / rows - xhat * dgamma / rows). A thread owns `width`
/// neighbours; dx may be dy; no shared memory, no barrier.
template <int width>
__global__ void __launch_bounds__(threads)
    batch_norm_gradient_kernel(std::int64_t count, Divider by_channels, BackwardInputs in,
                               ParameterGradients p, float* dx) {
  wait_for_previous_launch();
  const std::int64_t at = global_index() * width;
  if (at >= count) return;
  const int c = by_channels.remainder(narrow(at));
  using P = Pack<width>;
  // All loads first: nvcc then waits for six at once, not for three and then five.
  const P mean = P::load(in.mean + c), inv_std = P::load(in.inv_std + c);
  const P gamma = P::load(p.gamma + c), dgamma = P::load(p.dgamma + c);
  const P dbeta = P::load(p.dbeta + c), x = P::load(in.x + at), y = P::load(in.y + at);
  const P xhat = (x - mean) * inv_std, inverse_rows = P::broadcast(p.inverse_rows);
  const P centred = leaky(P::load(in.dy + at), y, in.slope) - dbeta * inverse_rows;
  (gamma * inv_std * (centred - xhat * (dgamma * inverse_rows))).store(dx + at);
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

}  // namespace

BatchNormKernels::BatchNormKernels(const BatchNormShape& s)
    : walk_(plan_column_walk(s.rows, s.channels)),
      momentum_(s.momentum),
      epsilon_(s.epsilon),
      slope_(s.negative_slope()) {}

ScratchSize BatchNormKernels::scratch() const { return walk_.scratch(2); }

void BatchNormKernels::forward_training(const float* x, const BatchNormParameters& t, float* mean,
                                        float* inv_std, float* y, const Scratch& scratch,
                                        cudaStream_t stream) const {
  with_width(walk_.width == 4, [&](auto width) {
    launch(over_columns("batch_norm_statistics", walk_, 1), batch_norm_statistics_kernel<width>,
           walk_.grid(), threads, 0, stream, walk_, x, 1.0 / walk_.rows,
           Momentum{momentum_, epsilon_}, t, scratch, mean, inv_std);
  });
  normalise(x, {mean, inv_std, t.gamma, t.beta}, y, stream);
}

void BatchNormKernels::forward_inference(const float* x, const BatchNormParameters& t, float* y,
                                         const Scratch& scratch, cudaStream_t stream) const {
  launch("batch_norm_moving", batch_norm_moving_kernel, blocks_for(walk_.columns, threads), threads,
         0, stream, t.moving_variance, walk_.columns, epsilon_, scratch.floats);
  normalise(x, {t.moving_mean, scratch.floats, t.gamma, t.beta}, y, stream);
}

void BatchNormKernels::normalise(const float* x, const Normalisation& s, float* y,
                                 cudaStream_t stream) const {
  const std::int64_t count = std::int64_t{walk_.rows} * walk_.columns;
  with_width(walk_.width == 4, [&](auto width) {
    launch(over_matrices("batch_norm_normalise", walk_, 2), batch_norm_normalise_kernel<width>,
           blocks_for(count, threads * width), threads, 0, stream, count, Divider(walk_.columns), x,
           s, slope_, y);
  });
}

void BatchNormKernels::backward(const float* x, const float* y, const float* dy,
                                const BatchNormParameters& t, const float* mean,
                                const float* inv_std, float* dx, float* dgamma, float* dbeta,
                                const Scratch& scratch, cudaStream_t stream) const {
  const BackwardInputs in{x, y, dy, mean, inv_std, slope_};
  with_width(walk_.width == 4, [&](auto width) {
    launch(over_columns("batch_norm_gradient_sums", walk_, 3),
           batch_norm_gradient_sums_kernel<width>, walk_.grid(), threads, 0, stream, walk_, in,
           scratch, dgamma, dbeta);
  });
  const std::int64_t count = std::int64_t{walk_.rows} * walk_.columns;
  const ParameterGradients p{t.gamma, dgamma, dbeta, 1.0F / static_cast<float>(walk_.rows)};
  with_width(walk_.width == 4, [&](auto width) {
    launch(over_matrices("batch_norm_gradient", walk_, 4), batch_norm_gradient_kernel<width>,
           blocks_for(count, threads * width), threads, 0, stream, count, Divider(walk_.columns),
           in, p, dx);
  });
}

}  // namespace dcgan::DCGAN_TARGET
