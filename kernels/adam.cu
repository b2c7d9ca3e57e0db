#include "kernels/adam.h"

#include "kernels/device/pack.h"
#include "kernels/device/thread.h"

namespace dcgan::DCGAN_TARGET {
namespace {

constexpr int threads = 256, width = 4;
using P = Pack<width>;

/// A thread owns four neighbours, of the first part in the first blocks. No shared memory, no
/// barrier.
__global__ void __launch_bounds__(threads)
    adam_kernel(AdamPart first, AdamPart second, unsigned first_blocks) {
  wait_for_previous_launch();
  const bool in_first = blockIdx.x < first_blocks;
  const AdamPart part = in_first ? first : second;
  const unsigned block = in_first ? blockIdx.x : blockIdx.x - first_blocks;
  const std::int64_t at = (static_cast<std::int64_t>(block) * threads + threadIdx.x) * width;
  if (at >= part.n) return;
  const P of_step = P::load(&part.factors->alpha);  // all four at once
  const AdamFactors f{of_step.value[0], of_step.value[1], of_step.value[2], of_step.value[3]};
  const P g = P::load(part.gradient + at);
  P m = P::load(part.m + at), v = P::load(part.v + at), w = P::load(part.parameter + at);
  DCGAN_UNROLL
  for (int i = 0; i < width; ++i) {
    const float gi = g.value[i];
    m.value[i] += (gi - m.value[i]) * f.one_minus_beta1;
    v.value[i] += (gi * gi - v.value[i]) * f.one_minus_beta2;
    w.value[i] -= f.alpha * m.value[i] / (sqrtf(v.value[i]) + f.epsilon);
  }
  m.store(part.m + at);
  v.store(part.v + at);
  w.store(part.parameter + at);
}

}  // namespace

void adam(const AdamStep& s, cudaStream_t stream) {
  const unsigned first = blocks_for(s.first.n, threads * width),
                 second = blocks_for(s.second.n, threads * width);
  launch({"adam", least_bytes(s)}, adam_kernel, first + second, threads, 0, stream, s.first,
         s.second, first);
}

}  // namespace dcgan::DCGAN_TARGET
