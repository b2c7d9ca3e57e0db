#include "kernels/random.h"

#include "kernels/device/pack.h"
#include "kernels/device/thread.h"
#include "ops/philox.h"

namespace dcgan::DCGAN_TARGET {
namespace {

constexpr int threads = 256;
constexpr int normal_threads = 64;

/// A thread owns a Philox block: two pairs of normals, stored as one. In double, as there are few
/// and the tails of the distribution are worth it; in small blocks, because most GPUs have few
/// units for double per multiprocessor, so many multiprocessors should share the work. No shared
/// memory, no barrier.
__global__ void __launch_bounds__(normal_threads)
    draw_normal_kernel(RandomAddress address, std::int64_t n, float* out) {
  wait_for_previous_launch();
  const std::int64_t block = global_index();
  if (4 * block >= n) return;
  const RandomAddress a = resolved(address);
  const PhiloxBlock bits = philox_at(a.seed, a.stream, a.step, static_cast<std::uint32_t>(block));
  constexpr double two_pi = 6.283185307179586476925;
  Pack<4> values;
  DCGAN_UNROLL
  for (int pair = 0; pair < 2; ++pair) {
    const double u1 = ((bits.word[2 * pair] >> 8) + 1) * 0x1p-24;  // in (0, 1]
    const double u2 = (bits.word[2 * pair + 1] >> 8) * 0x1p-24;
    const double radius = sqrt(-2 * log(u1)), angle = two_pi * u2;
    values.value[2 * pair] = static_cast<float>(radius * cos(angle));
    values.value[2 * pair + 1] = static_cast<float>(radius * sin(angle));
  }
  if (4 * block + 4 <= n) {
    values.store(out + 4 * block);
  } else {
    DCGAN_UNROLL
    for (int e = 0; e < 4; ++e)
      if (4 * block + e < n) out[4 * block + e] = values.value[e];
  }
}

/// One of the masks that share a launch.
struct Mask {
  RandomAddress address;
  std::uint32_t threshold;
  int first_block;  // of the launch
  std::int64_t n;
  std::uint8_t* out;
};

constexpr int most_masks = 4;
struct Masks {
  Mask of[most_masks];
  int count;
};

/// A thread owns a Philox block: eight elements, stored as one. No shared memory, no barrier.
__global__ void __launch_bounds__(threads) draw_keep_masks_kernel(Masks masks) {
  wait_for_previous_launch();
  Mask mask = masks.of[0];
  DCGAN_UNROLL
  for (int i = 1; i < most_masks; ++i)
    if (i < masks.count && block_index().x >= masks.of[i].first_block) mask = masks.of[i];
  const std::int64_t block =
      std::int64_t{block_index().x - mask.first_block} * threads + thread_index();
  if (8 * block >= mask.n) return;
  const RandomAddress a = resolved(mask.address);
  const PhiloxBlock bits = philox_at(a.seed, a.stream, a.step, static_cast<std::uint32_t>(block));
  std::uint32_t bytes[2] = {0, 0};
  DCGAN_UNROLL
  for (int e = 0; e < 8; ++e) {
    const std::uint32_t half = bits.word[e / 2] >> (e % 2 * 16) & 0xFFFF;
    bytes[e / 4] |= static_cast<std::uint32_t>(half >= mask.threshold) << (e % 4 * 8);
  }
  if (8 * block + 8 <= mask.n) {
    *reinterpret_cast<uint2*>(mask.out + 8 * block) = make_uint2(bytes[0], bytes[1]);
  } else {
    for (std::int64_t e = 8 * block; e < mask.n; ++e)
      mask.out[e] = static_cast<std::uint8_t>(bytes[e % 8 / 4] >> (e % 4 * 8));
  }
}

}  // namespace

void draw_normal(const NormalDraw& d, cudaStream_t stream) {
  Work work("draw_normal", least_bytes(d));
  work.double_instructions = Work::as_compiled;
  launch(work, draw_normal_kernel, blocks_for(d.n, 4 * normal_threads), normal_threads, 0, stream,
         d.address, d.n, d.out);
}

void draw_keep_masks(const std::vector<KeepMaskDraw>& draws, cudaStream_t stream) {
  for (std::size_t first = 0; first < draws.size(); first += most_masks) {
    Masks masks{};
    Work work("draw_keep_masks");
    work.instructions = 150;  // about: ten rounds of Philox
    unsigned blocks = 0;
    for (std::size_t i = first; i < draws.size() && masks.count < most_masks; ++i) {
      const KeepMaskDraw& d = draws[i];
      masks.of[masks.count++] = {d.address, d.threshold(), static_cast<int>(blocks), d.n, d.out};
      blocks += blocks_for(d.n, 8 * threads);
      work.bytes += static_cast<double>(d.n);
    }
    launch(work, draw_keep_masks_kernel, blocks, threads, 0, stream, masks);
  }
}

}  // namespace dcgan::DCGAN_TARGET
