#include "kernels/adam.h"

#include "kernels/device/pack.h"
#include "kernels/device/thread.h"

namespace dcgan::DCGAN_TARGET {
namespace {

constexpr int threads = 256;

/// A thread owns `width` neighbours from first + thread * width on. No shared memory, no barrier.
template <int width>
__global__ void __launch_bounds__(threads)
    adam_kernel(AdamFactors f, std::int64_t first, std::int64_t n, const float* gradient, float* m,
                float* v, float* parameter) {
  const std::int64_t at = first + global_index() * width;
  if (at >= n) return;
  const Pack<width> g = Pack<width>::load(gradient + at);
  Pack<width> first_moment = Pack<width>::load(m + at), second_moment = Pack<width>::load(v + at);
  Pack<width> w = Pack<width>::load(parameter + at);
  DCGAN_UNROLL
  for (int i = 0; i < width; ++i) {
    const float gi = g.value[i];
    first_moment.value[i] += (gi - first_moment.value[i]) * f.one_minus_beta1;
    second_moment.value[i] += (gi * gi - second_moment.value[i]) * f.one_minus_beta2;
    w.value[i] -= f.alpha * first_moment.value[i] / (sqrtf(second_moment.value[i]) + f.epsilon);
  }
  first_moment.store(m + at);
  second_moment.store(v + at);
  w.store(parameter + at);
}

}  // namespace

void adam(const AdamStep& s, cudaStream_t stream) {
  const AdamFactors factors = s.factors();
  const std::int64_t whole = s.n / 4 * 4;
  if (whole > 0)
    launch({"adam", least_bytes(s)}, adam_kernel<4>, blocks_for(whole, threads * 4), threads, 0,
           stream, factors, std::int64_t{0}, whole, s.gradient, s.m, s.v, s.parameter);
  if (whole < s.n)
    launch("adam", adam_kernel<1>, 1, threads, 0, stream, factors, whole, s.n, s.gradient, s.m, s.v,
           s.parameter);
}

}  // namespace dcgan::DCGAN_TARGET
