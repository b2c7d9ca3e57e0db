#include "kernels/weighted_sum.h"

#include "kernels/device/divider.h"
#include "kernels/device/pack.h"
#include "kernels/device/thread.h"

namespace dcgan::DCGAN_TARGET {
namespace {

constexpr int threads = 256;

/// A thread owns `width` neighbours of one row, from first + thread * width on. It reads them
/// before it writes, so y may be a or b. No shared memory, no barrier.
template <int width>
__global__ void __launch_bounds__(threads)
    weighted_sum_kernel(WeightedSum s, Divider by_size, std::int64_t first, std::int64_t end) {
  wait_for_previous_launch();
  const std::int64_t at = first + global_index() * width;
  if (at >= end) return;
  const float* factors = s.factors_in_memory;
  float factor = factors ? factors[0] : s.a_factor;
  if (s.a_scale) factor *= s.a_scale[by_size.divide(narrow(at))];
  const float b_factor = factors ? factors[1] : s.b_factor;
  Pack<width> sum = Pack<width>::load(s.b + at) * Pack<width>::broadcast(b_factor);
  sum.fma(factor, Pack<width>::load(s.a + at));
  sum.store(s.y + at);
}

bool aligned(const float* p) { return reinterpret_cast<std::uintptr_t>(p) % 16 == 0; }

}  // namespace

void weighted_sum(const WeightedSum& s, cudaStream_t stream) {
  const std::int64_t count = s.rows * s.size;
  // Without a scale of their own rows are one flat array.
  const bool packs = count >= 4 && aligned(s.a) && aligned(s.b) && aligned(s.y) &&
                     (!s.a_scale || packs_of_four(s.size));
  const std::int64_t whole = packs ? count / 4 * 4 : count;
  const Divider by_size(s.a_scale ? narrow(s.size) : 1);
  with_width(packs, [&](auto width) {
    launch({"weighted_sum", least_bytes(s)}, weighted_sum_kernel<width>,
           blocks_for(whole, threads * width), threads, 0, stream, s, by_size, std::int64_t{0},
           whole);
  });
  if (whole < count)
    launch("weighted_sum", weighted_sum_kernel<1>, 1, threads, 0, stream, s, by_size, whole, count);
}

}  // namespace dcgan::DCGAN_TARGET
