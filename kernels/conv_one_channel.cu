// Direct kernels. One block works on one image at a time, which it keeps in shared memory with its
// padding, so that no tap needs a bounds check.
#include "kernels/conv_one_channel.h"

#include <algorithm>

#include "kernels/batch_norm_finish.h"
#include "kernels/device/arrival.h"
#include "kernels/device/dynamic_shared.h"
#include "kernels/device/thread.h"
#include "kernels/finish.h"

namespace dcgan::DCGAN_TARGET {
namespace {

constexpr int threads = 128, warps = threads / 32;
constexpr int weights_size = 5;  // the size whose gradient has a kernel with its taps in registers
constexpr std::size_t most_shared_floats = 48 * 1024 / sizeof(float);

/// The image with the zeros that its patches reach.
__host__ __device__ int padded_height(const ConvGeometry& g) {
  return (g.out_height - 1) * g.stride + g.size;
}
__host__ __device__ int padded_width(const ConvGeometry& g) {
  return (g.out_width - 1) * g.stride + g.size;
}
__host__ __device__ int padded_floats(const ConvGeometry& g) {
  return static_cast<int>(ceil_div(padded_height(g) * padded_width(g), 4) * 4);
}

/// Fills `padded` with image b. A warp loads several rows, of which a lane has every 32nd column.
/// All threads take part; the caller adds the barrier.
__device__ __forceinline__ void load_padded(const ConvGeometry& g, const float* x, int b,
                                            float* padded) {
  constexpr int batch = 8;
  const int height = padded_height(g), width = padded_width(g);
  const int lane = lane_index(), warp = warp_index();
  const float* image = x + std::int64_t{b} * g.height * g.width;
  for (int column = lane; column < width; column += 32) {
    const int w = column - g.pad_left;
    const bool beside = w < 0 || w >= g.width;
    for (int first = warp; first < height; first += batch * warps) {
      float values[batch] = {};
      DCGAN_UNROLL
      for (int i = 0; i < batch; ++i) {
        const int h = first + i * warps - g.pad_top;
        if (h >= 0 && h < g.height && !beside) values[i] = image[h * g.width + w];
      }
      DCGAN_UNROLL
      for (int i = 0; i < batch; ++i) {
        const int row = first + i * warps;
        if (row < height) padded[row * width + column] = values[i];
      }
    }
  }
}

/// How the forward pass cuts an image: items of four channels of `run` neighbouring pixels.
struct ItemWalk {
  static constexpr int run = 4;
  int items;
  Divider by_packs, by_runs;
};

ItemWalk plan_items(const ConvGeometry& g) {
  const int packs = g.out / 4, runs = static_cast<int>(ceil_div(g.out_width, ItemWalk::run));
  return {g.out_height * runs * packs, Divider(packs), Divider(runs)};
}

/// Shared memory for the sums of a block's columns, and for what its last one adds up.
union ForwardSums {
  Pack<4> of_warps[2][warps][32];
  CompensatedSums<4>::Shared<threads> totals;
};

/// Adds up the threads' sums of their channels, those of pack thread % packs, over all blocks; the
/// last of them writes what the finish makes of them. packs: a power of two, at most 32. Every
/// thread calls it. Barriers: before the warps' sums are read, those of arrives_last and of
/// write_totals.
template <class Finish>
__device__ __forceinline__ void sum_image_columns(typename Finish::template OfColumns<4> of,
                                                  int packs, const Finish& finish,
                                                  ForwardSums& shared) {
  static_assert(Finish::column_sums == 2 && !Finish::has_origin, "as wanted so far");
  const int warp = warp_index(), lane = lane_index(), pack = thread_index();
  DCGAN_UNROLL
  for (int s = 0; s < Finish::column_sums; ++s) {
    of.sums[s] = warp_sum(of.sums[s], packs);
    if (lane < packs) of.sums[s].store(shared.of_warps[s][warp][lane].value);
  }
  __syncthreads();  // the warps' sums are stored
  if (pack < packs) {
    float* to = finish.scratch.floats + std::int64_t{blockIdx.x} * finish.columns + 4 * pack;
    DCGAN_UNROLL
    for (int s = 0; s < Finish::column_sums; ++s, to += std::int64_t{gridDim.x} * finish.columns) {
      auto sum = Pack<4>::load(shared.of_warps[s][0][pack].value);
      for (int w = 1; w < warps; ++w) sum += shared.of_warps[s][w][pack];
      sum.store(to);
    }
  }
  if (!arrives_last(finish.scratch.counters, gridDim.x)) return;
  ColumnWalk walk{};  // images are the parts
  walk.columns = finish.columns, walk.width = 4, walk.parts = static_cast<int>(gridDim.x);
  walk.pack_lanes = packs, walk.row_lanes = threads / packs;
  ColumnPlace at{};
  at.pack_lane = thread_index() % packs, at.row_lane = thread_index() / packs;
  at.column = 4 * at.pack_lane, at.inside = true;
  finish.write_totals(walk, at, shared.totals);
}

/// z = finish(conv(x)). Block: one image. Thread: four channels of four neighbouring pixels at a
/// time, the same channels each time where the finish sums them. Shared memory: the padded image,
/// then the kernel [taps, out]; that of the sums. Barriers: after loading, and those of
/// sum_image_columns.
template <class Finish>
__global__ void __launch_bounds__(threads)
    one_channel_forward_kernel(ConvGeometry g, ItemWalk walk, const float* x, const float* kernel,
                               Finish finish, float* z) {
  wait_for_previous_launch();
  float* shared = dynamic_shared();
  float* padded = shared;
  float* weights = shared + padded_floats(g);
  const int b = block_index().x, taps = g.size * g.size;
  load_padded(g, x, b, padded);
  for (int i = thread_index(); i < taps * g.out; i += threads) weights[i] = kernel[i];
  __syncthreads();  // image and kernel are loaded

  constexpr int run = ItemWalk::run;
  constexpr bool sums = Finish::column_sums > 0;
  const int width = padded_width(g);
  typename Finish::template OfColumns<4> of{};
  if constexpr (sums)
    of = finish.template of_columns<4>(walk.by_packs.remainder(thread_index()) * 4);
  for (int item = thread_index(); item < walk.items; item += threads) {
    const auto [runs_before, pack] = walk.by_packs.divmod(item);
    const auto [oh, run_of_row] = walk.by_runs.divmod(runs_before);
    const int ow = run_of_row * run, channel = pack * 4;
    if constexpr (!sums) of = finish.template of_columns<4>(channel);
    float sum[run][4] = {};  // not packs: nvcc's code for them takes more registers
    for (int kh = 0; kh < g.size; ++kh)
      for (int kw = 0; kw < g.size; ++kw) {
        const Pack<4> w = Pack<4>::load(weights + (kh * g.size + kw) * g.out + channel);
        const float* from = padded + (oh * g.stride + kh) * width + kw;
        DCGAN_UNROLL
        for (int p = 0; p < run; ++p) {
          const int column = ow + p < g.out_width ? ow + p : g.out_width - 1;
          const float value = from[column * g.stride];
          DCGAN_UNROLL
          for (int i = 0; i < 4; ++i) sum[p][i] += value * w.value[i];
        }
      }
    DCGAN_UNROLL
    for (int p = 0; p < run; ++p) {
      if (ow + p >= g.out_width) break;
      const std::int64_t at =
          ((std::int64_t{b} * g.out_height + oh) * g.out_width + ow + p) * g.out + channel;
      const Pack<4> y{{sum[p][0], sum[p][1], sum[p][2], sum[p][3]}};
      finish.apply(y, of, narrow(at)).store(z + at);
    }
  }
  if constexpr (sums) {
    __shared__ ForwardSums shared_sums;
    sum_image_columns(of, g.out / 4, finish, shared_sums);
  }
}

/// The taps that meet one pixel, along one axis: tap, tap + stride ..., at position, position - 1
/// ... of dz, `count` of them.
struct TapRange {
  int tap, position, count;
};

/// `at` counts from the beginning of the padding. Stride 1 or 2: the remainder of a division by it
/// is a bit, and the division a shift.
__device__ __forceinline__ TapRange taps_of(const ConvGeometry& g, int at, int out_length) {
  const int odd = g.stride - 1, last = at >> odd;
  const int position = last < out_length ? last : out_length - 1;
  const int tap = (at & odd) + (last - position) * g.stride;
  const int taps = (g.size - tap + odd) >> odd;  // not negative: padding reaches no farther
  return {tap, position, taps <= position ? taps : position + 1};
}

/// dx = finish(adjoint of conv at dz). Block: one image. Eight lanes share a pixel, four channels
/// each at a time, and add up by shuffles. Shared memory: the kernel [taps, out]. One barrier.
template <class Finish>
__global__ void __launch_bounds__(threads, 8)
    one_channel_backward_data_kernel(ConvGeometry g, const float* dz, const float* kernel,
                                     Finish finish, float* dx) {
  wait_for_previous_launch();
  float* shared = dynamic_shared();
  for (int i = thread_index(); i < g.size * g.size * g.out; i += threads) shared[i] = kernel[i];
  __syncthreads();  // the kernel is loaded

  constexpr int lanes = 8,
                batch = 4;  // batch: loads issued before the first is used
  const int b = block_index().x, lane = thread_index() % lanes;
  const int pixels = g.height * g.width;
  const float* gradient = dz + std::int64_t{b} * g.out_height * g.out_width * g.out;
  // All lanes of a warp make the same number of rounds: the shuffles need every one of them.
  for (int first = 0; first < pixels; first += threads / lanes) {
    const int pixel = first + thread_index() / lanes;
    const auto [h, w] = g.by_width.divmod(pixel);
    const TapRange rows = taps_of(g, h + g.pad_top, g.out_height);
    const TapRange columns = taps_of(g, w + g.pad_left, g.out_width);
    const float* from = gradient + (rows.position * g.out_width + columns.position) * g.out;
    const float* weights = shared + (rows.tap * g.size + columns.tap) * g.out;
    // This lane's packs of channels, tap by tap: how many remain, how many each tap has, and the
    // steps from a tap's last pack to the next tap's first, in the same row of taps and in the next
    // row.
    const int packs = (g.out - lane * 4 + lanes * 4 - 1) / (lanes * 4);
    const int back = (packs - 1) * lanes * 4, weights_step = g.stride * g.out;
    const int dz_row = (columns.count - 1 - g.out_width) * g.out - back;
    const int weights_row = (g.size + 1 - columns.count) * weights_step - back;
    int left = pixel < pixels ? rows.count * columns.count * packs : 0;
    int pack = 0, column = 0, dz_at = lane * 4, weights_at = lane * 4;
    float sum = 0;
    for (; left > 0; left -= batch) {
      Pack<4> d[batch] = {};
      int at[batch];  // of the weights
      DCGAN_UNROLL
      for (int i = 0; i < batch; ++i) {
        if (i < left) d[i] = Pack<4>::load(from + dz_at);
        at[i] = weights_at;
        const bool tap_ends = ++pack == packs;
        column += tap_ends;
        const bool row_ends = column == columns.count;
        dz_at += !tap_ends ? lanes * 4 : row_ends ? dz_row : -g.out - back;
        weights_at += !tap_ends ? lanes * 4 : row_ends ? weights_row : weights_step - back;
        pack = tap_ends ? 0 : pack;
        column = row_ends ? 0 : column;
      }
      DCGAN_UNROLL
      for (int i = 0; i < batch; ++i) {
        if (i >= left) break;
        const Pack<4> k = Pack<4>::load(weights + at[i]);
        DCGAN_UNROLL
        for (int j = 0; j < 4; ++j) sum += d[i].value[j] * k.value[j];
      }
    }
    sum = warp_sum<lanes>(sum);
    if (pixel < pixels && lane == 0) {
      const int at = b * pixels + pixel;
      auto of_channel = finish.template of_columns<1>(0);
      finish.apply(Pack<1>{{sum}}, of_channel, at).store(dx + at);
    }
  }
}

/// Part of the kernel's gradient: images b = part, part + parts ... into partial [part, taps, out].
/// Thread: all taps of four channels, over every (threads / packs)-th pixel. Shared memory: the
/// padded image, then a sum per warp. Barriers: after loading an image, after its use, and after
/// the warps' sums.
__global__ void __launch_bounds__(threads, 4)
    one_channel_backward_weights_kernel(ConvGeometry g, const float* x, const float* dz,
                                        float* partial) {
  wait_for_previous_launch();
  float* shared = dynamic_shared();
  constexpr int taps = weights_size * weights_size;
  float* padded = shared;
  // [warps, taps, packs]; as an array of packs, so that nvcc sees that they are aligned.
  auto* warp_sums = reinterpret_cast<Pack<4>*>(shared + padded_floats(g));
  const int packs = g.out / 4, pixel_lanes = threads / packs;
  const int channel = thread_index() % packs * 4;
  const int pixel0 = thread_index() / packs;
  const int width = padded_width(g), pixels = g.out_height * g.out_width;
  Pack<4> sum[taps] = {};
  for (int b = block_index().x; b < g.batch; b += static_cast<int>(gridDim.x)) {
    load_padded(g, x, b, padded);
    __syncthreads();  // the image is loaded
    const float* gradient = dz + std::int64_t{b} * pixels * g.out + channel;
    Pack<4> next{};
    if (pixel0 < pixels) next = Pack<4>::load(gradient + pixel0 * g.out);
    for (int pixel = pixel0; pixel < pixels; pixel += pixel_lanes) {
      const Pack<4> d = next;
      if (pixel + pixel_lanes < pixels)  // loaded while this one's taps are added up
        next = Pack<4>::load(gradient + (pixel + pixel_lanes) * g.out);
      const auto [oh, ow] = g.by_out_width.divmod(pixel);
      const float* patch = padded + oh * g.stride * width + ow * g.stride;
      DCGAN_UNROLL
      for (int tap = 0; tap < taps; ++tap)
        sum[tap].fma(patch[tap / weights_size * width + tap % weights_size], d);
    }
    __syncthreads();  // all have read the image
  }
  // Lanes of a warp that hold the same channels add up, then the warps do.
  const int lane = lane_index(), warp = warp_index();
  DCGAN_UNROLL
  for (int tap = 0; tap < taps; ++tap) {
    sum[tap] = warp_sum(sum[tap], packs);
    if (lane < packs) warp_sums[(warp * taps + tap) * packs + channel / 4] = sum[tap];
  }
  __syncthreads();  // the warps' sums are stored
  float* sums = partial + static_cast<std::int64_t>(blockIdx.x) * taps * g.out;
  for (int i = thread_index(); i < taps * packs; i += threads) {
    Pack<4> total = warp_sums[i];
    for (int w = 1; w < warps; ++w) total += warp_sums[w * taps * packs + i];
    total.store(sums + i * 4);
  }
}

std::size_t kernel_floats(const ConvGeometry& g) {
  return static_cast<std::size_t>(g.size) * g.size * g.out;
}
/// Floats of the padded image and of `kernels` arrays of the kernel's size.
std::size_t shared_floats(const ConvGeometry& g, std::size_t kernels) {
  return static_cast<std::size_t>(padded_floats(g)) + kernels * kernel_floats(g);
}

}  // namespace

OneChannelPlan plan_one_channel(const ConvGeometry& g) {
  OneChannelPlan plan;
  if (g.in != 1 || g.out % 4 != 0 || shared_floats(g, 1) > most_shared_floats) return plan;
  plan.applies = true;
  const int packs = g.out / 4;
  const bool whole_warps = packs <= 32 && (packs & (packs - 1)) == 0;
  plan.sums = whole_warps && shared_floats(g, 1) * sizeof(float) + sizeof(ForwardSums) <
                                 most_shared_floats * sizeof(float);
  if (g.size == weights_size && whole_warps && shared_floats(g, warps) <= most_shared_floats) {
    constexpr int most_parts = 256;
    plan.parts = std::min(g.batch, most_parts);
  }
  return plan;
}

template <class Finish>
void launch_forward(const Work& work, const ConvGeometry& g, const float* x, const float* kernel,
                    const Finish& finish, float* z, cudaStream_t stream) {
  launch(work, one_channel_forward_kernel<Finish>, blocks_for(g.batch, 1), threads,
         shared_floats(g, 1) * sizeof(float), stream, g, plan_items(g), x, kernel, finish, z);
}

void one_channel_forward(Work work, const ConvGeometry& g, const float* x, const float* kernel,
                         const EpilogueParameters& epilogue, float* z, cudaStream_t stream) {
  work.bytes += epilogue.mask_bytes(std::int64_t{g.batch} * g.out_height * g.out_width * g.out);
  launch_forward(work, g, x, kernel, ForwardFinish{epilogue}, z, stream);
}

ScratchSize one_channel_sums_scratch(const ConvGeometry& g) {
  return {2 * static_cast<std::size_t>(g.batch) * static_cast<std::size_t>(g.out), 1};
}

void one_channel_forward(Work work, const ConvGeometry& g, const float* x, const float* kernel,
                         const BatchNormSums& before, const Scratch& scratch, cudaStream_t stream) {
  work.bytes += 8.0 * static_cast<double>(before.shape.rows * before.shape.channels);  // x and y
  launch_forward(work, g, x, kernel, BatchNormSumsFinish(before, {g.out, scratch}), before.dy,
                 stream);
}

template <class Finish>
void launch_backward_data(const Work& work, const ConvGeometry& g, const float* dz,
                          const float* kernel, const Finish& finish, float* dx,
                          cudaStream_t stream) {
  launch(work, one_channel_backward_data_kernel<Finish>, blocks_for(g.batch, 1), threads,
         kernel_floats(g) * sizeof(float), stream, g, dz, kernel, finish, dx);
}

void one_channel_backward_data(Work work, const ConvGeometry& g, const float* dz,
                               const float* kernel, const EpilogueParameters& epilogue, float* dx,
                               cudaStream_t stream) {
  work.bytes += epilogue.mask_bytes(std::int64_t{g.batch} * g.height * g.width);
  launch_backward_data(work, g, dz, kernel, ForwardFinish{epilogue}, dx, stream);
}

void one_channel_backward_data(Work work, const ConvGeometry& g, const float* dz,
                               const float* kernel, const EpilogueBackward& before,
                               cudaStream_t stream) {
  work.bytes += least_bytes(before) - 8.0 * static_cast<double>(before.rows * before.channels);
  launch_backward_data(work, g, dz, kernel, BackwardFinish(before, {}), before.dy, stream);
}

void one_channel_backward_weights(const Work& work, const ConvGeometry& g,
                                  const OneChannelPlan& plan, const float* x, const float* dz,
                                  float* parts, cudaStream_t stream) {
  launch(work, one_channel_backward_weights_kernel, blocks_for(plan.parts, 1), threads,
         shared_floats(g, warps) * sizeof(float), stream, g, x, dz, parts);
}

}  // namespace dcgan::DCGAN_TARGET
