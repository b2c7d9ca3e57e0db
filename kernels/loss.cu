// Binary cross-entropy from logits, as Keras computes it: max(x, 0) - x z + log1p(exp(-|x|)). In
// float where that loses nothing: one multiprocessor does all the work, and most have two units for
// double.
#include "kernels/loss.h"

#include "kernels/device/thread.h"

namespace dcgan::DCGAN_TARGET {
namespace {

constexpr int threads = 256;
constexpr float lowest_logit = -60;

__device__ __forceinline__ float cross_entropy(float x, float target) {
  return (x > 0 ? x : 0) - x * target + log1pf(expf(x > 0 ? -x : x));
}

/// sigmoid(x) - target, without cancellation where the target is 0 or 1.
__device__ __forceinline__ float adjoint(float x, float target) {
  if (target == 1) return -1 / (1 + expf(x));
  if (target == 0) return 1 / (1 + expf(-x));
  return static_cast<float>(1 / (1 + exp(-static_cast<double>(x))) - static_cast<double>(target));
}

/// Of sample i, the logit that its code chooses.
__device__ __forceinline__ float logit(const GanLoss& t, int i) {
  if (!t.codes) return t.logits[i];
  const auto columns = static_cast<int>(t.columns);
  float sum = 0;
  for (int j = 0; j < columns; ++j) sum += t.codes[i * columns + j] * t.logits[i * columns + j];
  return sum;
}

/// One block. A thread owns every 256th sample; losses are added up pairwise in shared memory,
/// where each barrier ends a round of additions.
__global__ void __launch_bounds__(threads) gan_loss_kernel(GanLoss t) {
  wait_for_previous_launch();
  __shared__ float generator_sums[threads];
  __shared__ float discriminator_sums[threads];
  __shared__ float adjoint_sums[threads];
  const int thread = thread_index(), batch = static_cast<int>(t.batch);
  const float n = static_cast<float>(batch);
  const bool one_pass = t.fake_target == 0 && t.generator_target == 1;
  float generator = 0, discriminator = 0, adjoints = 0;
  for (int i = thread; i < batch; i += threads) {
    const float real = logit(t, i), fake = logit(t, batch + i);
    if (t.relativistic) {
      discriminator += cross_entropy(real - fake, t.real_target);
      generator += cross_entropy(fake - real, t.generator_target);
      const float real_adjoint = adjoint(real - fake, t.real_target) / n;
      t.discriminator_adjoint[i] = real_adjoint;
      t.discriminator_adjoint[batch + i] = -real_adjoint;
      t.generator_adjoint[i] = adjoint(fake - real, t.generator_target) / n;
      t.ratio[i] = 0;
      continue;  // a pair's adjoints cancel
    }
    discriminator += cross_entropy(real, t.real_target) + cross_entropy(fake, t.fake_target);
    generator += cross_entropy(fake, t.generator_target);
    const float held = one_pass && fake < lowest_logit ? lowest_logit : fake;
    const float fake_adjoint = adjoint(held, t.fake_target);
    const float generator_adjoint = adjoint(fake, t.generator_target);
    const float of_real = adjoint(real, t.real_target) / n, of_fake = fake_adjoint / n;
    adjoints += of_real + of_fake;
    t.discriminator_adjoint[i] = of_real;
    t.discriminator_adjoint[batch + i] = of_fake;
    t.generator_adjoint[i] = generator_adjoint / n;
    t.ratio[i] = one_pass ? generator_adjoint / fake_adjoint : 0.0F;
  }
  generator_sums[thread] = generator;
  discriminator_sums[thread] = discriminator;
  adjoint_sums[thread] = adjoints;
  for (int half = threads / 2; half > 0; half /= 2) {
    __syncthreads();  // the previous round's sums are stored
    if (thread < half) {
      generator_sums[thread] += generator_sums[thread + half];
      discriminator_sums[thread] += discriminator_sums[thread + half];
      adjoint_sums[thread] += adjoint_sums[thread + half];
    }
  }
  if (thread == 0) {  // it made the last sums itself
    t.losses[0] = generator_sums[0] / n;
    t.losses[1] = discriminator_sums[0] / n;
    if (t.adjoint_sum) *t.adjoint_sum = adjoint_sums[0];
  }
}

}  // namespace

void gan_loss(const GanLoss& loss, cudaStream_t stream) {
  launch({"gan_loss", least_bytes(loss)}, gan_loss_kernel, 1, threads, 0, stream, loss);
}

}  // namespace dcgan::DCGAN_TARGET
