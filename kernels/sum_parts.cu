// For few parts a thread adds them up by itself, for many a block's warps share them out.
#include "kernels/sum_parts.h"

#include "kernels/device/divider.h"
#include "kernels/device/parts.h"
#include "kernels/device/thread.h"

namespace dcgan::DCGAN_TARGET {
namespace {

constexpr int threads = 256, warps = threads / 32;

/// y = epilogue(sum over the parts of partial [parts, count]), in an order that the number of parts
/// alone decides. A block owns 32 packs of `width` neighbours, each of its warps every eighth part
/// of them. Shared memory: a pack per thread. One barrier, before the warps' sums are added up.
template <int width>
__global__ void __launch_bounds__(threads)
    sum_parts_kernel(const float* partial, int parts, std::int64_t count, Divider by_columns,
                     EpilogueParameters epilogue, float* y) {
  wait_for_previous_launch();
  constexpr int packs = 32;
  __shared__ Pack<width> sums[warps][packs];
  const int pack = lane_index(), warp = warp_index();
  const std::int64_t at = (static_cast<std::int64_t>(blockIdx.x) * packs + pack) * width;
  Pack<width> sum{};
  if (at < count)
    add_packs(sum, partial + warp * count + at, warps * count, (parts - warp + warps - 1) / warps);
  sums[warp][pack] = sum;
  __syncthreads();  // every warp's sums are stored
  if (warp != 0 || at >= count) return;
  for (int w = 1; w < warps; ++w) sum += sums[w][pack];
  const int column = by_columns.remainder(narrow(at));
  epilogue.apply(sum, epilogue.template bias_of<width>(column), at).store(y + at);
}

/// The same for up to eight parts, which each thread adds up by itself, in the same order. No
/// shared memory, no barrier.
template <int width>
__global__ void __launch_bounds__(threads)
    sum_few_parts_kernel(const float* partial, int parts, std::int64_t count, Divider by_columns,
                         EpilogueParameters epilogue, float* y) {
  wait_for_previous_launch();
  const std::int64_t at = global_index() * width;
  if (at >= count) return;
  Pack<width> sum = Pack<width>::load(partial + at);
  add_packs(sum, partial + count + at, count, parts - 1);
  const int column = by_columns.remainder(narrow(at));
  epilogue.apply(sum, epilogue.template bias_of<width>(column), at).store(y + at);
}

}  // namespace

void sum_parts(const char* name, const float* partial, int parts, std::int64_t rows, int columns,
               const EpilogueParameters& epilogue, float* y, cudaStream_t stream) {
  const std::int64_t count = rows * columns;
  const double bytes = 4.0 * (parts + 1) * static_cast<double>(count) + epilogue.mask_bytes(count);
  with_width(packs_of_four(columns), [&](auto width) {
    const auto run = [&](auto kernel, int packs_per_block) {
      launch({name, bytes}, kernel, blocks_for(count, packs_per_block * width), threads, 0, stream,
             partial, parts, count, Divider(columns), epilogue, y);
    };
    parts <= warps ? run(sum_few_parts_kernel<width>, threads) : run(sum_parts_kernel<width>, 32);
  });
}

}  // namespace dcgan::DCGAN_TARGET
