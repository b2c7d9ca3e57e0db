// Binary cross-entropy from logits, as Keras computes it: max(x, 0) - x z + log1p(exp(-|x|)).
#include "backend/cpu/loss.h"

#include <algorithm>
#include <cmath>

namespace dcgan::cpu {
namespace {

double cross_entropy(double x, double target) {
  return std::max(x, 0.0) - x * target + std::log1p(std::exp(-std::abs(x)));
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// sigmoid(x) - target, without cancellation where the target is 1.
double adjoint(double x, double target) {
  return target == 1.0 ? -sigmoid(-x) : sigmoid(x) - target;
}

/// Of sample i, the logit that its code chooses.
double logit(const GanLoss& loss, std::int64_t i) {
  if (!loss.codes) return static_cast<double>(loss.logits[i]);
  double sum = 0;
  for (std::int64_t j = i * loss.columns; j < (i + 1) * loss.columns; ++j)
    sum += static_cast<double>(loss.codes[j]) * static_cast<double>(loss.logits[j]);
  return sum;
}

constexpr double lowest_logit = -60;  // see GanLoss

}  // namespace

void gan_loss(const GanLoss& loss) {
  const auto n = static_cast<double>(loss.batch);
  const auto real_target = static_cast<double>(loss.real_target);
  const auto fake_target = static_cast<double>(loss.fake_target);
  const auto generator_target = static_cast<double>(loss.generator_target);
  const bool one_pass = fake_target == 0 && generator_target == 1;
  double generator = 0, discriminator = 0;
  for (std::int64_t i = 0; i < loss.batch; ++i) {
    const double real = logit(loss, i), fake = logit(loss, loss.batch + i);
    if (loss.relativistic) {
      discriminator += cross_entropy(real - fake, real_target);
      generator += cross_entropy(fake - real, generator_target);
      const auto real_adjoint = static_cast<float>(adjoint(real - fake, real_target) / n);
      loss.discriminator_adjoint[i] = real_adjoint;
      loss.discriminator_adjoint[loss.batch + i] = -real_adjoint;
      loss.generator_adjoint[i] = static_cast<float>(adjoint(fake - real, generator_target) / n);
      loss.ratio[i] = 0;
      continue;
    }
    discriminator += cross_entropy(real, real_target) + cross_entropy(fake, fake_target);
    generator += cross_entropy(fake, generator_target);
    const double held = one_pass ? std::max(fake, lowest_logit) : fake;
    const double fake_adjoint = adjoint(held, fake_target);
    const double generator_adjoint = adjoint(fake, generator_target);
    loss.discriminator_adjoint[i] = static_cast<float>(adjoint(real, real_target) / n);
    loss.discriminator_adjoint[loss.batch + i] = static_cast<float>(fake_adjoint / n);
    loss.generator_adjoint[i] = static_cast<float>(generator_adjoint / n);
    loss.ratio[i] = one_pass ? static_cast<float>(generator_adjoint / fake_adjoint) : 0.0F;
  }
  if (loss.adjoint_sum) {
    double sum = 0;
    for (std::int64_t i = 0; i < 2 * loss.batch; ++i)
      sum += static_cast<double>(loss.discriminator_adjoint[i]);
    *loss.adjoint_sum = static_cast<float>(sum);
  }
  loss.losses[0] = static_cast<float>(generator / n);
  loss.losses[1] = static_cast<float>(discriminator / n);
}

}  // namespace dcgan::cpu
