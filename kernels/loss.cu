// Binary cross-entropy from logits, as Keras computes it: max(x, 0) - x z + log1p(exp(-|x|)). A few
// hundred logits, so double costs nothing.
#include "kernels/loss.h"

namespace dcgan::DCGAN_HOME {
namespace {

constexpr int threads = 256;
constexpr double lowest_logit = -60;

__device__ double cross_entropy(double x, double target) {
  return (x > 0 ? x : 0) - x * target + log1p(exp(x > 0 ? -x : x));
}

/// sigmoid(x) - target, without cancellation where the target is 1.
__device__ double adjoint(double x, double target) {
  return target == 1.0 ? -1 / (1 + exp(x)) : 1 / (1 + exp(-x)) - target;
}

/// One block. A thread owns every 256th sample; losses are added up pairwise in shared memory,
/// where each barrier ends a round of additions.
__global__ void __launch_bounds__(threads)
    gan_loss_kernel(int batch, LossTargets targets, LossTensors t) {
  __shared__ double generator_sums[threads];
  __shared__ double discriminator_sums[threads];
  const int thread = static_cast<int>(threadIdx.x);
  const double n = batch;
  const double real_target = static_cast<double>(targets.real);
  const double fake_target = static_cast<double>(targets.fake);
  const double generator_target = static_cast<double>(targets.generator);
  const bool one_pass = fake_target == 0 && generator_target == 1;
  double generator = 0, discriminator = 0;
  for (int i = thread; i < batch; i += threads) {
    const double real = static_cast<double>(t.logits[i]);
    const double fake = static_cast<double>(t.logits[batch + i]);
    discriminator += cross_entropy(real, real_target) + cross_entropy(fake, fake_target);
    generator += cross_entropy(fake, generator_target);
    const double held = one_pass && fake < lowest_logit ? lowest_logit : fake;
    const double fake_adjoint = adjoint(held, fake_target);
    const double generator_adjoint = adjoint(fake, generator_target);
    t.discriminator_adjoint[i] = static_cast<float>(adjoint(real, real_target) / n);
    t.discriminator_adjoint[batch + i] = static_cast<float>(fake_adjoint / n);
    t.generator_adjoint[i] = static_cast<float>(generator_adjoint / n);
    t.ratio[i] = one_pass ? static_cast<float>(generator_adjoint / fake_adjoint) : 0.0F;
  }
  generator_sums[thread] = generator;
  discriminator_sums[thread] = discriminator;
  for (int half = threads / 2; half > 0; half /= 2) {
    __syncthreads();  // the sums of the round before are there
    if (thread < half) {
      generator_sums[thread] += generator_sums[thread + half];
      discriminator_sums[thread] += discriminator_sums[thread + half];
    }
  }
  if (thread == 0) {  // which made the last sums itself
    t.losses[0] = static_cast<float>(generator_sums[0] / n);
    t.losses[1] = static_cast<float>(discriminator_sums[0] / n);
  }
}

}  // namespace

void gan_loss(std::int64_t batch, const LossTargets& targets, const LossTensors& tensors,
              cudaStream_t stream) {
  launch("gan_loss", gan_loss_kernel, dim3(1), dim3(threads), 0, stream, static_cast<int>(batch),
         targets, tensors);
}

}  // namespace dcgan::DCGAN_HOME
