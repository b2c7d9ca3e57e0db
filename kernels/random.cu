#include "kernels/random.h"

#include "kernels/device/pack.h"
#include "kernels/device/thread.h"
#include "ops/philox.h"

namespace dcgan::DCGAN_TARGET {
namespace {

// Small blocks: normals are drawn in double, of which most GPUs have few units per multiprocessor,
// so many multiprocessors should share the work.
constexpr int threads = 64;

/// A thread's Philox block of a draw: two pairs of normals, stored as one. In double, as there are
/// few and the tails of the distribution are worth it.
__device__ __forceinline__ void draw_four_normals(const NormalDraw& draw) {
  const std::int64_t block = global_index(), n = draw.n;
  float* out = draw.out;
  if (4 * block >= n) return;
  const RandomAddress a = resolved(draw.address);
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

/// The eight elements of a thread's Philox block, stored as one.
__device__ __forceinline__ void draw_eight_of_a_mask(const Masks& masks) {
  Mask mask = masks.of[0];
  DCGAN_UNROLL
  for (int i = 1; i < most_masks; ++i)
    if (i < masks.count && block_index().x >= masks.of[i].first_block) mask = masks.of[i];
  const std::int64_t block =
      std::int64_t{block_index().x - mask.first_block} * threads + thread_index();
  if (8 * block >= mask.n) return;
  const RandomAddress a = resolved(mask.address);
  const PhiloxBlock bits = philox_at(a.seed, a.stream, a.step, static_cast<std::uint32_t>(block));
  std::uint64_t bytes = 0;
  DCGAN_UNROLL
  for (int e = 0; e < 8; ++e) {
    const std::uint32_t half = bits.word[e / 2] >> (e % 2 * 16) & 0xFFFF;
    bytes |= static_cast<std::uint64_t>(half >= mask.threshold) << (8 * e);
  }
  if (8 * block + 8 <= mask.n) {
    *reinterpret_cast<std::uint64_t*>(mask.out + 8 * block) = bytes;
  } else {
    for (std::int64_t e = 8 * block; e < mask.n; ++e, bytes >>= 8)
      mask.out[e] = static_cast<std::uint8_t>(bytes);
  }
}

/// Normals in the first blocks, masks in the others. A thread owns a Philox block. No shared
/// memory, no barrier.
__global__ void __launch_bounds__(threads)
    draw_kernel(NormalDraw normal, int normal_blocks, Masks masks) {
  wait_for_previous_launch();
  if (block_index().x < normal_blocks)
    draw_four_normals(normal);
  else
    draw_eight_of_a_mask(masks);
}

constexpr int mask_instructions = 150;           // about: ten rounds of Philox
constexpr int normal_double_instructions = 168;  // docs/kernels-machine-code.md

/// What a launch does, of which the first blocks draw normals.
Work work_of(int normal_blocks, int blocks, double bytes) {
  const bool masks = blocks > normal_blocks;
  Work work(!masks ? "draw_normal" : normal_blocks == 0 ? "draw_keep_masks" : "draw", bytes);
  // The mean of all threads, as the model spreads them out.
  work.double_instructions = (normal_double_instructions * normal_blocks + blocks - 1) / blocks;
  work.instructions = masks ? mask_instructions : 0;
  return work;
}

}  // namespace

void draw(const NormalDraw& normal, const std::vector<KeepMaskDraw>& masks, cudaStream_t stream) {
  NormalDraw left = normal;  // it goes with the first masks
  std::size_t next = 0;
  do {
    const auto normal_blocks = static_cast<int>(blocks_for(left.n, 4 * threads));
    int blocks = normal_blocks;
    double bytes = least_bytes(left);
    Masks together{};
    for (; next < masks.size() && together.count < most_masks; ++next) {
      const KeepMaskDraw& d = masks[next];
      together.of[together.count++] = {d.address, d.threshold(), blocks, d.n, d.out};
      blocks += static_cast<int>(blocks_for(d.n, 8 * threads));
      bytes += static_cast<double>(d.n);
    }
    if (blocks > 0)
      launch(work_of(normal_blocks, blocks, bytes), draw_kernel, static_cast<unsigned>(blocks),
             threads, 0, stream, left, normal_blocks, together);
    left.n = 0;
  } while (next < masks.size());
}

}  // namespace dcgan::DCGAN_TARGET
