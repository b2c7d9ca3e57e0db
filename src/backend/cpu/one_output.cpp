// Samples are dealt out in chunks whose bounds do not depend on the number of threads, so neither
// do the bits of the kernel's gradient.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/one_output.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h:
#include <hwy/highway.h>

#include <algorithm>

#include "backend/cpu/one_output.h"
#include "backend/cpu/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dcgan::cpu::HWY_NAMESPACE {

float Dot(std::int64_t n, const float* a, const float* b) {
  constexpr int sums = 4;  // so that no addition waits for the one before it
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  V sum[sums] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  for (std::int64_t i = 0; i < n; i += sums * lanes)
    for (int s = 0; s < sums; ++s) {
      const std::int64_t at = i + s * lanes;
      if (at < n)
        sum[s] = hn::MulAdd(load_first(d, a + at, n - at), load_first(d, b + at, n - at), sum[s]);
    }
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(sum[0], sum[1]), hn::Add(sum[2], sum[3]))));
}

/// One sample: dx = dz * kernel, dkernel += dz * x; each where it is wanted.
void BackwardSample(std::int64_t n, float dz, const float* x, const float* kernel, float* dx,
                    float* dkernel) {
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const V g = hn::Set(d, dz);
  for (std::int64_t i = 0; i < n; i += lanes) {
    const std::int64_t left = n - i;
    if (dkernel)
      store_first(d, hn::MulAdd(g, load_first(d, x + i, left), load_first(d, dkernel + i, left)),
                  dkernel + i, left);
    if (dx) store_first(d, hn::Mul(g, load_first(d, kernel + i, left)), dx + i, left);
  }
}

}  // namespace dcgan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dcgan::cpu {
namespace {

HWY_EXPORT(Dot);
HWY_EXPORT(BackwardSample);

constexpr std::int64_t chunks = 16;

}  // namespace

void one_output_forward(std::int64_t batch, std::int64_t in, const float* x, const float* kernel,
                        float* y) {
#pragma omp parallel for schedule(static)
  for (std::int64_t b = 0; b < batch; ++b) y[b] = HWY_DYNAMIC_DISPATCH(Dot)(in, x + b * in, kernel);
}

std::int64_t one_output_scratch_floats(std::int64_t in) { return chunks * in; }

void one_output_backward(std::int64_t batch, std::int64_t in, const float* x, const float* kernel,
                         const float* dz, float* dx, float* dkernel, float* scratch) {
#pragma omp parallel
  {
#pragma omp for schedule(static)
    for (std::int64_t c = 0; c < chunks; ++c) {
      float* sum = dkernel ? scratch + c * in : nullptr;
      if (sum) std::fill_n(sum, in, 0.0F);
      for (std::int64_t b = batch * c / chunks; b < batch * (c + 1) / chunks; ++b)
        HWY_DYNAMIC_DISPATCH(BackwardSample)
      (in, dz[b], dkernel ? x + b * in : nullptr, kernel, dx ? dx + b * in : nullptr, sum);
    }
    if (dkernel) {
#pragma omp for schedule(static)
      for (std::int64_t i = 0; i < in; ++i) {
        double sum = 0;
        for (std::int64_t c = 0; c < chunks; ++c) sum += static_cast<double>(scratch[c * in + i]);
        dkernel[i] = static_cast<float>(sum);
      }
    }
  }
}

}  // namespace dcgan::cpu
#endif  // HWY_ONCE
