// Training is three kernels: sums of x - x[0] and its square per channel and part of the rows (a
// shift that no large mean can cancel), the statistics of each channel, and y = leaky(scale * x +
// shift). Backward is three as well: sums of g = dy * leaky' and g * xhat, their totals, and dx.
#include "kernels/batch_norm.h"

#include "kernels/device/divider.h"

namespace dcgan::DCGAN_TARGET {
namespace {

constexpr int threads = ColumnWalk::threads;

/// partial [2, parts, channels]: sums of x - x[0, c], then of its square. Threads as ColumnWalk has
/// them. Shared memory: two packs per thread. Barriers: store_column_sums, on memory of its own
/// each.
template <int width>
__global__ void __launch_bounds__(threads)
    batch_norm_sums_kernel(ColumnWalk walk, const float* x, float* partial) {
  __shared__ Pack<width> shared_sums[threads];
  __shared__ Pack<width> shared_squares[threads];
  const ColumnPlace at = column_place(walk);
  Pack<width> sum{}, squares{}, origin{};
  if (at.inside) origin = Pack<width>::load(x + at.column);
  const auto load = [&](int row) {
    return Pack<width>::load(x + static_cast<std::int64_t>(row) * walk.columns + at.column);
  };
  walk_rows<4>(walk, at, load, [&](int, const Pack<width>& v) {
    DCGAN_UNROLL
    for (int i = 0; i < width; ++i) {
      const float d = v.value[i] - origin.value[i];
      sum.value[i] += d;
      squares.value[i] = fmaf(d, d, squares.value[i]);
    }
  });
  store_column_sums<width>(walk, at, sum, shared_sums, partial);
  store_column_sums<width>(walk, at, squares, shared_squares,
                           partial + static_cast<std::int64_t>(walk.parts) * walk.columns);
}

/// How a warp shares out channels: to each as many lanes as it has parts, a power of two up to 32,
/// so that with few parts and many channels no lane idles. Its doubles cost 32 times as much as
/// floats on most GPUs.
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

/// The channel of this thread; neighbouring lanes have neighbouring ones.
__device__ __forceinline__ int channel_of_lane(const ChannelLanes& share) {
  const int thread = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  return thread / 32 * share.channels_per_warp() + thread % 32 % share.channels_per_warp();
}

/// A channel's sum over the parts, in double, so that the parts' rounding does not add up. All
/// lanes of a warp call it, and those of the same channel get its sum; without such a channel,
/// zero.
__device__ __forceinline__ double total(const ChannelLanes& share, const float* partial, int parts,
                                        int channels, int c) {
  constexpr int batch = 8;  // loads that are on their way before the first is added
  const int stride = share.channels_per_warp();
  int part = static_cast<int>(threadIdx.x) % 32 / stride;
  const float* from = partial + static_cast<std::int64_t>(part) * channels + c;
  double sum = 0;
  while (part < parts && c < channels) {
    float terms[batch] = {};
    DCGAN_UNROLL
    for (int b = 0; b < batch; ++b) {
      if (part + b * share.lanes < parts) terms[b] = *from;
      from += static_cast<std::int64_t>(share.lanes) * channels;
    }
    DCGAN_UNROLL
    for (int b = 0; b < batch; ++b) {
      if (part + b * share.lanes >= parts) break;  // a branch: where it is not taken, no double
      sum += static_cast<double>(terms[b]);
    }
    part += batch * share.lanes;
  }
  for (int distance = 16; distance >= stride; distance /= 2)
    sum += __shfl_xor_sync(0xffffffffu, sum, distance);
  return sum;
}

/// One of a channel's lanes writes its results.
__device__ __forceinline__ bool writes_channel(const ChannelLanes& share, int channels, int c) {
  return c < channels && static_cast<int>(threadIdx.x) % 32 < share.channels_per_warp();
}

struct Momentum {
  float momentum, epsilon;
};

/// Statistics of each channel from its sums: mean, inv_std and the moving averages. Lanes as
/// ChannelLanes has them; no shared memory, no barrier.
__global__ void __launch_bounds__(threads)
    batch_norm_statistics_kernel(const float* x, const float* partial, int parts,
                                 double inverse_rows, int channels, ChannelLanes share, Momentum m,
                                 BatchNormParameters t, float* mean, float* inv_std) {
  const int c = channel_of_lane(share);
  const double offset = total(share, partial, parts, channels, c) * inverse_rows;
  const double square =
      total(share, partial + static_cast<std::int64_t>(parts) * channels, parts, channels, c) *
      inverse_rows;
  if (!writes_channel(share, channels, c)) return;
  // The difference may cancel; what is left of it needs no more than float.
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
  const int c = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (c < channels) inv_std[c] = 1 / sqrtf(moving_variance[c] + epsilon);
}

/// y = leaky((x - mean) * inv_std * gamma + beta). A thread owns `width` neighbours; no shared
/// memory, no barrier.
template <int width>
__global__ void __launch_bounds__(threads)
    batch_norm_normalise_kernel(std::int64_t count, Divider by_channels, const float* x,
                                Normalisation s, float slope, float* y) {
  const std::int64_t at =
      (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) * width;
  if (at >= count) return;
  const int c = by_channels.remainder(static_cast<int>(at));
  const Pack<width> mean = Pack<width>::load(s.mean + c),
                    inv_std = Pack<width>::load(s.inv_std + c);
  const Pack<width> gamma = Pack<width>::load(s.gamma + c), beta = Pack<width>::load(s.beta + c);
  Pack<width> v = Pack<width>::load(x + at);
  DCGAN_UNROLL
  for (int i = 0; i < width; ++i) {
    const float normalised = (v.value[i] - mean.value[i]) * (inv_std.value[i] * gamma.value[i]);
    const float affine = normalised + beta.value[i];
    v.value[i] = affine > 0 ? affine : affine * slope;
  }
  v.store(y + at);
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
    const std::int64_t index = static_cast<std::int64_t>(row) * walk.columns + at.column;
    return Loaded{Pack<width>::load(in.x + index), Pack<width>::load(in.y + index),
                  Pack<width>::load(in.dy + index)};
  };
  walk_rows<width == 1 ? 4 : 1>(walk, at, load, [&](int, const Loaded& row) {
    DCGAN_UNROLL
    for (int i = 0; i < width; ++i) {
      const float dy = row.dy.value[i], g = row.y.value[i] > 0 ? dy : dy * in.slope;
      sum.value[i] += g;
      const float xhat = (row.x.value[i] - mean.value[i]) * inv_std.value[i];
      products.value[i] = fmaf(g, xhat, products.value[i]);
    }
  });
  store_column_sums<width>(walk, at, sum, shared_sums, partial);
  store_column_sums<width>(walk, at, products, shared_products,
                           partial + static_cast<std::int64_t>(walk.parts) * walk.columns);
}

/// dbeta and dgamma from the parts' sums. Lanes as ChannelLanes has them; no shared memory, no
/// barrier.
__global__ void __launch_bounds__(threads)
    batch_norm_gradient_totals_kernel(const float* partial, int parts, int channels,
                                      ChannelLanes share, float* dgamma, float* dbeta) {
  const int c = channel_of_lane(share);
  const double sum = total(share, partial, parts, channels, c);
  const double products =
      total(share, partial + static_cast<std::int64_t>(parts) * channels, parts, channels, c);
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
  const std::int64_t at =
      (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) * width;
  if (at >= count) return;
  const int c = by_channels.remainder(static_cast<int>(at));
  const Pack<width> mean = Pack<width>::load(in.mean + c);
  const Pack<width> inv_std = Pack<width>::load(in.inv_std + c);
  const Pack<width> gamma = Pack<width>::load(p.gamma + c);
  const Pack<width> dgamma = Pack<width>::load(p.dgamma + c);
  const Pack<width> dbeta = Pack<width>::load(p.dbeta + c);
  const Pack<width> x = Pack<width>::load(in.x + at), y = Pack<width>::load(in.y + at);
  Pack<width> g = Pack<width>::load(in.dy + at);
  DCGAN_UNROLL
  for (int i = 0; i < width; ++i) {
    const float xhat = (x.value[i] - mean.value[i]) * inv_std.value[i];
    const float gradient = y.value[i] > 0 ? g.value[i] : g.value[i] * in.slope;
    const float centred = gradient - dbeta.value[i] * p.inverse_rows;
    g.value[i] =
        gamma.value[i] * inv_std.value[i] * (centred - xhat * (dgamma.value[i] * p.inverse_rows));
  }
  g.store(dx + at);
}

dim3 blocks_for(std::int64_t count) {
  return dim3(static_cast<unsigned>(ceil_div(count, threads)));
}

dim3 blocks_for(std::int64_t channels, const ChannelLanes& share) {
  return dim3(static_cast<unsigned>(ceil_div(channels, share.channels_per_block())));
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
  const dim3 grid(walk_.panels(), static_cast<unsigned>(walk_.parts));
  const auto sums = [&](auto kernel) {
    launch("batch_norm_sums", kernel, grid, dim3(threads), 0, stream, walk_, x, workspace);
  };
  walk_.width == 4 ? sums(batch_norm_sums_kernel<4>) : sums(batch_norm_sums_kernel<1>);
  const ChannelLanes share = channel_lanes(walk_.parts);
  launch("batch_norm_statistics", batch_norm_statistics_kernel, blocks_for(walk_.columns, share),
         dim3(threads), 0, stream, x, workspace, walk_.parts, 1.0 / walk_.rows, walk_.columns,
         share, Momentum{momentum_, epsilon_}, t, mean, inv_std);
  normalise(x, {mean, inv_std, t.gamma, t.beta}, y, stream);
}

void BatchNormKernels::forward_inference(const float* x, const BatchNormParameters& t, float* y,
                                         float* workspace, cudaStream_t stream) const {
  launch("batch_norm_moving", batch_norm_moving_kernel, blocks_for(walk_.columns), dim3(threads), 0,
         stream, t.moving_variance, walk_.columns, epsilon_, workspace);
  normalise(x, {t.moving_mean, workspace, t.gamma, t.beta}, y, stream);
}

void BatchNormKernels::normalise(const float* x, const Normalisation& s, float* y,
                                 cudaStream_t stream) const {
  const std::int64_t count = static_cast<std::int64_t>(walk_.rows) * walk_.columns;
  const auto run = [&](auto kernel, int width) {
    launch("batch_norm_normalise", kernel, blocks_for(ceil_div(count, width)), dim3(threads), 0,
           stream, count, Divider(walk_.columns), x, s, slope_, y);
  };
  walk_.width == 4 ? run(batch_norm_normalise_kernel<4>, 4)
                   : run(batch_norm_normalise_kernel<1>, 1);
}

void BatchNormKernels::backward(const float* x, const float* y, const float* dy,
                                const BatchNormParameters& t, const float* mean,
                                const float* inv_std, float* dx, float* dgamma, float* dbeta,
                                float* workspace, cudaStream_t stream) const {
  const BackwardInputs in{x, y, dy, mean, inv_std, slope_};
  const dim3 grid(walk_.panels(), static_cast<unsigned>(walk_.parts));
  const auto sums = [&](auto kernel) {
    launch("batch_norm_gradient_sums", kernel, grid, dim3(threads), 0, stream, walk_, in,
           workspace);
  };
  walk_.width == 4 ? sums(batch_norm_gradient_sums_kernel<4>)
                   : sums(batch_norm_gradient_sums_kernel<1>);
  const ChannelLanes share = channel_lanes(walk_.parts);
  launch("batch_norm_gradient_totals", batch_norm_gradient_totals_kernel,
         blocks_for(walk_.columns, share), dim3(threads), 0, stream, workspace, walk_.parts,
         walk_.columns, share, dgamma, dbeta);
  const std::int64_t count = static_cast<std::int64_t>(walk_.rows) * walk_.columns;
  const ParameterGradients p{t.gamma, dgamma, dbeta, 1.0F / static_cast<float>(walk_.rows)};
  const auto run = [&](auto kernel, int width) {
    launch("batch_norm_gradient", kernel, blocks_for(ceil_div(count, width)), dim3(threads), 0,
           stream, count, Divider(walk_.columns), in, p, dx);
  };
  walk_.width == 4 ? run(batch_norm_gradient_kernel<4>, 4) : run(batch_norm_gradient_kernel<1>, 1);
}

}  // namespace dcgan::DCGAN_TARGET
