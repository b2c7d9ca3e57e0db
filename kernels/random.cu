#include "kernels/random.h"

#include "kernels/device/pack.h"
#include "kernels/device/thread.h"
#include "ops/philox.h"

namespace dcgan::DCGAN_TARGET {
namespace {

constexpr int threads = 256;
constexpr int normal_threads = 64;

/// Philox block `block` of a draw: two pairs of normals, stored as one. In double, as there are few
/// and the tails of the distribution are worth it.
__device__ __forceinline__ void draw_normals(const RandomAddress& address, std::int64_t n,
                                             std::int64_t block, float* out) {
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

/// A thread owns a Philox block; in small blocks, because most GPUs have few units for double per
/// multiprocessor, so many multiprocessors should share the work. No shared memory, no barrier.
__global__ void __launch_bounds__(normal_threads)
    draw_normal_kernel(RandomAddress address, std::int64_t n, float* out) {
  wait_for_previous_launch();
  draw_normals(address, n, global_index(), out);
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

/// The eight elements of a thread's Philox block, stored as one; `block_of_masks`: its block's
/// number among those that draw masks.
template <int block_threads>
__device__ __forceinline__ void draw_mask(const Masks& masks, int block_of_masks) {
  Mask mask = masks.of[0];
  DCGAN_UNROLL
  for (int i = 1; i < most_masks; ++i)
    if (i < masks.count && block_of_masks >= masks.of[i].first_block) mask = masks.of[i];
  const std::int64_t block =
      std::int64_t{block_of_masks - mask.first_block} * block_threads + thread_index();
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

/// No shared memory, no barrier.
__global__ void __launch_bounds__(threads) draw_keep_masks_kernel(Masks masks) {
  wait_for_previous_launch();
  draw_mask<threads>(masks, block_index().x);
}

/// Normals in the first blocks, masks in the others: both are a step's first work. Threads as in
/// draw_normal_kernel. No shared memory, no barrier.
__global__ void __launch_bounds__(normal_threads)
    draw_kernel(RandomAddress address, std::int64_t n, float* out, int normal_blocks, Masks masks) {
  wait_for_previous_launch();
  const int block = block_index().x;
  if (block < normal_blocks)
    draw_normals(address, n, global_index(), out);
  else
    draw_mask<normal_threads>(masks, block - normal_blocks);
}

/// The masks from draws[first] on that share a launch of `block_threads` threads, and its blocks.
struct PlannedMasks {
  Masks masks{};
  unsigned blocks = 0;
  double bytes = 0;
};

PlannedMasks plan_masks(const std::vector<KeepMaskDraw>& draws, std::size_t first,
                        int block_threads) {
  PlannedMasks plan;
  for (std::size_t i = first; i < draws.size() && plan.masks.count < most_masks; ++i) {
    const KeepMaskDraw& d = draws[i];
    plan.masks.of[plan.masks.count++] = {d.address, d.threshold(), static_cast<int>(plan.blocks),
                                         d.n, d.out};
    plan.blocks += blocks_for(d.n, 8 * block_threads);
    plan.bytes += static_cast<double>(d.n);
  }
  return plan;
}

constexpr int mask_instructions = 150;  // about: ten rounds of Philox

void draw_masks_from(const std::vector<KeepMaskDraw>& draws, std::size_t first,
                     cudaStream_t stream) {
  for (; first < draws.size(); first += most_masks) {
    const PlannedMasks plan = plan_masks(draws, first, threads);
    Work work("draw_keep_masks", plan.bytes);
    work.instructions = mask_instructions;
    launch(work, draw_keep_masks_kernel, plan.blocks, threads, 0, stream, plan.masks);
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
  draw_masks_from(draws, 0, stream);
}

void draw(const NormalDraw& normal, const std::vector<KeepMaskDraw>& masks, cudaStream_t stream) {
  const PlannedMasks plan = plan_masks(masks, 0, normal_threads);
  const unsigned normal_blocks = blocks_for(normal.n, 4 * normal_threads);
  Work work("draw", least_bytes(normal) + plan.bytes);
  work.double_instructions = Work::as_compiled;
  work.instructions = plan.blocks > 0 ? mask_instructions : 0;
  launch(work, draw_kernel, normal_blocks + plan.blocks, normal_threads, 0, stream, normal.address,
         normal.n, normal.out, static_cast<int>(normal_blocks), plan.masks);
  draw_masks_from(masks, most_masks, stream);
}

}  // namespace dcgan::DCGAN_TARGET
