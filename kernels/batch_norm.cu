// Training is three kernels: sums of x - x[0] and its square per channel and part of the rows (a
// shift that no large mean can cancel), the statistics of each channel, and y = leaky(scale * x +
// shift). Backward is three as well: sums of g = dy * leaky' and g * xhat, their totals, and dx.
#include "kernels/batch_norm.h"

#include "kernels/device/divider.h"

namespace dcgan::DCGAN_TARGET {
namespace {

constexpr int threads = ColumnWalk::threads;

/// partial [2, parts, channels]: sums of x - x[0, c], then of its square. Threads as in ColumnWalk.
/// Shared memory: two packs per thread. Barriers: those of store_column_sums, each call on its own
/// memory.
template <int width>
__global__ void __launch_bounds__(threads)
    batch_norm_sums_kernel(ColumnWalk walk, const float* x, float* partial) {
  __shared__ Pack<width> shared_sums[threads];
  __shared__ Pack<width> shared_squares[threads];
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
  store_column_sums(walk, at, sum, shared_sums, partial);
  store_column_sums(walk, at, squares, shared_squares,
                    partial + std::int64_t{walk.parts} * walk.columns);
}

/// How a warp divides its lanes among channels: each gets as many as it has parts, rounded up to a
/// power of two and at most 32, so that with few parts and many channels no lane idles. The sums
/// are in double, which costs 32 times as much as float on most GPUs.
struct ChannelLanes {
  int lanes;  // per channel
  __host__ __device__ int channels_per_warp() const { return 32 / lanes; }
  __host__ __device__ int channels_per_block() const { return threads / lanes; }
};

ChannelLanes channel_lanes(int parts) {
  int lanes = 1;
  while (lanes < 32 && lanes < parts) lanes *= 2;
  return {lanes};
}

/// The channel of this thread; neighbouring lanes have neighbouring channels.
__device__ __forceinline__ int channel_of_lane(const ChannelLanes& share) {
  const int thread = block_index().x * threads + thread_index();
  return thread / 32 * share.channels_per_warp() + thread % 32 % share.channels_per_warp();
}

/// A channel's sum over the parts, in double, so that the parts' rounding does not add up. All
/// lanes of a warp call it; a channel's lanes get its sum, lanes without a channel zero.
__device__ __forceinline__ double total(const ChannelLanes& share, const float* partial, int parts,
                                        int channels, int c) {
  constexpr int batch = 8;  // loads issued before the first is added
  const int stride = share.channels_per_warp();
  int part = lane_index() / stride;
  const float* from = partial + std::int64_t{part} * channels + c;
  double sum = 0;
  while (part < parts && c < channels) {
    float terms[batch] = {};
    DCGAN_UNROLL
    for (int b = 0; b < batch; ++b) {
      if (part + b * share.lanes < parts) terms[b] = *from;
      from += std::int64_t{share.lanes} * channels;
    }
    DCGAN_UNROLL
    for (int b = 0; b < batch; ++b) {
      if (part + b * share.lanes >= parts) break;  // a branch, which saves the arithmetic in double
      sum += static_cast<double>(terms[b]);
    }
    part += batch * share.lanes;
  }
  return warp_sum(sum, stride);
}

/// One of a channel's lanes writes its results.
__device__ __forceinline__ bool writes_channel(const ChannelLanes& share, int channels, int c) {
  return c < channels && lane_index() < share.channels_per_warp();
}

struct Momentum {
  float momentum, epsilon;
};

/// Statistics of each channel from its sums: mean, inv_std and the moving averages. Lanes as in
/// ChannelLanes; no shared memory, no barrier.
__global__ void __launch_bounds__(threads)
    batch_norm_statistics_kernel(const float* x, const float* partial, int parts,
                                 double inverse_rows, int channels, ChannelLanes share, Momentum m,
                                 BatchNormParameters t, float* mean, float* inv_std) {
  const int c = channel_of_lane(share);
  const double offset = total(share, partial, parts, channels, c) * inverse_rows;
  const double square =
      total(share, partial + std::int64_t{parts} * channels, parts, channels, c) * inverse_rows;
  if (!writes_channel(share, channels, c)) return;
  // The difference may cancel; float is enough for what remains.
  const float variance = static_cast<float>(square - offset * offset);
  const float biased = variance > 0 ? variance : 0;
  const float centre = static_cast<float>(static_cast<double>(x[c]) + offset);
  mean[c] = centre;
  inv_std[c] = 1 / sqrtf(biased + m.epsilon);
  const float keep = m.momentum, take = 1 - m.momentum;
  t.moving_mean[c] = t.moving_mean[c] * keep + centre * take;
  t.moving_variance[c] = t.moving_variance[c] * keep + biased * take;
}

/// inv_std of the moving variance, for inference. One thread per channel.
__global__ void __launch_bounds__(threads)
    batch_norm_moving_kernel(const float* moving_variance, int channels, float epsilon,
                             float* inv_std) {
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

/// partial [2, parts, channels]: sums of g = dy * leaky'(y), then of g * xhat. Threads, shared
/// memory and barriers as in batch_norm_sums_kernel.
template <int width>
__global__ void __launch_bounds__(threads)
    batch_norm_gradient_sums_kernel(ColumnWalk walk, BackwardInputs in, float* partial) {
  __shared__ Pack<width> shared_sums[threads];
  __shared__ Pack<width> shared_products[threads];
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
  store_column_sums(walk, at, sum, shared_sums, partial);
  store_column_sums(walk, at, products, shared_products,
                    partial + std::int64_t{walk.parts} * walk.columns);
}

/// dbeta and dgamma from the parts' sums. Lanes as in ChannelLanes; no shared memory, no barrier.
__global__ void __launch_bounds__(threads)
    batch_norm_gradient_totals_kernel(const float* partial, int parts, int channels,
                                      ChannelLanes share, float* dgamma, float* dbeta) {
  const int c = channel_of_lane(share);
  const double sum = total(share, partial, parts, channels, c);
  const double products =
      total(share, partial + std::int64_t{parts} * channels, parts, channels, c);
  if (!writes_channel(share, channels, c)) return;
  dbeta[c] = static_cast<float>(sum);
  dgamma[c] = static_cast<float>(products);
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

/// The work of a kernel that adds up the parts of two sums of each channel: a conversion and an
/// addition for each part of a lane, an addition for each shuffle; then a few on the totals.
Work over_parts(const char* name, const ColumnWalk& walk, const ChannelLanes& share) {
  Work work(name, 4.0 * 2 * walk.parts * walk.columns);
  int shuffles = 0;
  while (1 << shuffles < share.lanes) ++shuffles;
  work.double_instructions = 2 * (2 * narrow(ceil_div(walk.parts, share.lanes)) + shuffles) + 6;
  return work;
}

}  // namespace

BatchNormKernels::BatchNormKernels(const BatchNormShape& s)
    : walk_(plan_column_walk(s.rows, s.channels)),
      momentum_(s.momentum),
      epsilon_(s.epsilon),
      slope_(s.negative_slope()) {}

std::size_t BatchNormKernels::workspace_floats() const {
  return 2 * static_cast<std::size_t>(walk_.parts) * walk_.columns;
}

void BatchNormKernels::forward_training(const float* x, const BatchNormParameters& t, float* mean,
                                        float* inv_std, float* y, float* workspace,
                                        cudaStream_t stream) const {
  with_width(walk_.width == 4, [&](auto width) {
    launch(over_matrices("batch_norm_sums", walk_, 1), batch_norm_sums_kernel<width>, walk_.grid(),
           threads, 0, stream, walk_, x, workspace);
  });
  const ChannelLanes share = channel_lanes(walk_.parts);
  launch(over_parts("batch_norm_statistics", walk_, share), batch_norm_statistics_kernel,
         blocks_for(walk_.columns, share.channels_per_block()), threads, 0, stream, x, workspace,
         walk_.parts, 1.0 / walk_.rows, walk_.columns, share, Momentum{momentum_, epsilon_}, t,
         mean, inv_std);
  normalise(x, {mean, inv_std, t.gamma, t.beta}, y, stream);
}

void BatchNormKernels::forward_inference(const float* x, const BatchNormParameters& t, float* y,
                                         float* workspace, cudaStream_t stream) const {
  launch("batch_norm_moving", batch_norm_moving_kernel, blocks_for(walk_.columns, threads), threads,
         0, stream, t.moving_variance, walk_.columns, epsilon_, workspace);
  normalise(x, {t.moving_mean, workspace, t.gamma, t.beta}, y, stream);
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
                                float* workspace, cudaStream_t stream) const {
  const BackwardInputs in{x, y, dy, mean, inv_std, slope_};
  with_width(walk_.width == 4, [&](auto width) {
    launch(over_matrices("batch_norm_gradient_sums", walk_, 3),
           batch_norm_gradient_sums_kernel<width>, walk_.grid(), threads, 0, stream, walk_, in,
           workspace);
  });
  const ChannelLanes share = channel_lanes(walk_.parts);
  launch(over_parts("batch_norm_gradient_totals", walk_, share), batch_norm_gradient_totals_kernel,
         blocks_for(walk_.columns, share.channels_per_block()), threads, 0, stream, workspace,
         walk_.parts, walk_.columns, share, dgamma, dbeta);
  const std::int64_t count = std::int64_t{walk_.rows} * walk_.columns;
  const ParameterGradients p{t.gamma, dgamma, dbeta, 1.0F / static_cast<float>(walk_.rows)};
  with_width(walk_.width == 4, [&](auto width) {
    launch(over_matrices("batch_norm_gradient", walk_, 4), batch_norm_gradient_kernel<width>,
           blocks_for(count, threads * width), threads, 0, stream, count, Divider(walk_.columns),
           in, p, dx);
  });
}

}  // namespace dcgan::DCGAN_TARGET
