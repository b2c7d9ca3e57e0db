#include "kernels/gather.h"

#include "kernels/device/divider.h"
#include "kernels/device/pack.h"
#include "kernels/device/thread.h"
#include "ops/philox.h"

namespace dcgan::DCGAN_TARGET {
namespace {

constexpr int threads = 128;

__device__ __forceinline__ float in_range(const Gather& p, std::uint8_t pixel) {
  return (static_cast<float>(pixel) - p.offset) / p.scale;
}

/// Which image of the data set is the block's: one block per image. Its first thread walks the
/// permutation, which is too long a walk for every thread to take; the barrier tells the others
/// where it ended.
__device__ __forceinline__ std::uint64_t chosen_image(const Gather& p) {
  __shared__ std::uint64_t index;
  if (thread_index() == 0) {
    const RandomAddress shuffle = resolved(p.shuffle);
    const std::int64_t first = p.first_in_memory ? *p.first_in_memory : p.first;
    index = shuffled_index(shuffle.seed, shuffle.stream, shuffle.step,
                           static_cast<std::uint64_t>(first) + blockIdx.x,
                           static_cast<std::uint64_t>(p.count));
  }
  __syncthreads();  // the index is there
  return index;
}

template <int width>
__global__ void __launch_bounds__(threads) gather_kernel(Gather p) {
  wait_for_previous_launch();
  const std::uint8_t* image = p.pixels + static_cast<std::int64_t>(chosen_image(p)) * p.image_size;
  float* to = p.out + static_cast<std::int64_t>(blockIdx.x) * p.stride;
  for (std::int64_t i = thread_index() * width; i < p.image_size; i += threads * width) {
    const BytePack<width> bytes = BytePack<width>::load(image + i);
    Pack<width> values;
    DCGAN_UNROLL
    for (int e = 0; e < width; ++e) values.value[e] = in_range(p, bytes.value[e]);
    values.store(to + i);
  }
}

/// Of images of which some are mirrored: a thread per value, as pixels of three channels reversed
/// are no packs. by_row divides by the values of a row, by_channel by those of a pixel.
__global__ void __launch_bounds__(threads)
    gather_mirrored_kernel(Gather p, Divider by_row, Divider by_channel) {
  wait_for_previous_launch();
  const std::uint64_t index = chosen_image(p);
  const RandomAddress coin = resolved(p.mirror.address);
  const bool mirrored = philox_coin(coin.seed, coin.stream, coin.step, index);
  const std::uint8_t* image = p.pixels + static_cast<std::int64_t>(index) * p.image_size;
  float* to = p.out + static_cast<std::int64_t>(blockIdx.x) * p.stride;
  const auto channels = static_cast<int>(p.mirror.channels),
             last_pixel = static_cast<int>(p.mirror.width - 1) * channels;  // of a row
  for (int i = thread_index(); i < p.image_size; i += threads) {
    const int column = by_row.remainder(i), channel = by_channel.remainder(column);
    // The pixel as far from the row's other end, the same channel of it.
    const int other = i - column + (last_pixel - (column - channel)) + channel;
    to[i] = in_range(p, image[mirrored ? other : i]);
  }
}

}  // namespace

void gather(const Gather& g, cudaStream_t stream) {
  Gather p = g;
  p.stride = g.row();
  if (p.mirror.width > 0)
    return launch({"gather_mirrored", least_bytes(p)}, gather_mirrored_kernel,
                  blocks_for(p.batch, 1), threads, 0, stream, p,
                  Divider(static_cast<int>(p.mirror.row())),
                  Divider(static_cast<int>(p.mirror.channels)));
  // Rows within longer rows begin anywhere.
  with_width(p.stride == p.image_size && packs_of_four(p.image_size), [&](auto width) {
    launch({"gather", least_bytes(p)}, gather_kernel<width>, blocks_for(p.batch, 1), threads, 0,
           stream, p);
  });
}

}  // namespace dcgan::DCGAN_TARGET
