// The losses, Adam, weighted sums, and the random draws.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "ops/philox.h"
#include "ref/reference.h"

namespace dcgan::ref {
namespace {

/// -target log(sigmoid(x)) - (1 - target) log(1 - sigmoid(x))
double cross_entropy(double x, double target) {
  return std::max(x, 0.0) - x * target + std::log1p(std::exp(-std::abs(x)));
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// sigmoid(x) - target
double adjoint(double x, double target) {
  return target == 1 ? -sigmoid(-x) : sigmoid(x) - target;  // no cancellation where x is large
}

}  // namespace

GanLosses gan_loss(const Vector& logits, double real_target, double fake_target,
                   double generator_target) {
  const std::size_t batch = logits.size() / 2;
  const auto n = static_cast<double>(batch);
  const bool one_pass = fake_target == 0 && generator_target == 1;
  constexpr double lowest_logit = -60;  // see Backend::gan_loss
  GanLosses l{0, 0, Vector(2 * batch), Vector(batch), Vector(batch)};
  for (std::size_t i = 0; i < batch; ++i) {
    const double real = logits[i], fake = logits[batch + i];
    const double held = one_pass ? std::max(fake, lowest_logit) : fake;
    l.generator += cross_entropy(fake, generator_target) / n;
    l.discriminator += (cross_entropy(real, real_target) + cross_entropy(fake, fake_target)) / n;
    l.discriminator_adjoint[i] = adjoint(real, real_target) / n;
    l.discriminator_adjoint[batch + i] = adjoint(held, fake_target) / n;
    l.generator_adjoint[i] = adjoint(fake, generator_target) / n;
    l.ratio[i] = one_pass ? l.generator_adjoint[i] / l.discriminator_adjoint[batch + i] : 0;
  }
  return l;
}

GanLosses relativistic_loss(const Vector& logits, double real_target, double generator_target) {
  const std::size_t batch = logits.size() / 2;
  const auto n = static_cast<double>(batch);
  GanLosses l{0, 0, Vector(2 * batch), Vector(batch), Vector(batch)};
  for (std::size_t i = 0; i < batch; ++i) {
    const double lead = logits[i] - logits[batch + i];
    l.discriminator += cross_entropy(lead, real_target) / n;
    l.generator += cross_entropy(-lead, generator_target) / n;
    l.discriminator_adjoint[i] = adjoint(lead, real_target) / n;
    l.discriminator_adjoint[batch + i] = -l.discriminator_adjoint[i];
    l.generator_adjoint[i] = adjoint(-lead, generator_target) / n;
  }
  return l;
}

SoftmaxLosses softmax_loss(const Vector& logits, const std::vector<int>& labels) {
  const std::size_t classes = logits.size() / labels.size();
  const auto n = static_cast<double>(labels.size());
  SoftmaxLosses l{0, 0, Vector(logits.size())};
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto x = logits.begin() + static_cast<std::ptrdiff_t>(i * classes);
    const auto of_label = static_cast<std::size_t>(labels[i]);
    const bool known = labels[i] >= 0 && of_label < classes;
    double largest = x[0];
    for (std::size_t j = 1; j < classes; ++j) largest = std::fmax(largest, x[j]);  // but for NaNs
    double sum = 0;
    for (std::size_t j = 0; j < classes; ++j) sum += std::exp(x[j] - largest);
    double others = std::isnan(sum) ? sum : 0;  // of one class there are none
    for (std::size_t j = 0; j < classes; ++j) {
      const double p = std::exp(x[j] - largest) / sum;
      if (j != of_label) others += p;
      l.adjoint[i * classes + j] = p / n;
    }
    // Neither p[label] - 1 nor log(p[label]): where it is almost 1 they would lose its digits.
    if (known) l.adjoint[i * classes + of_label] = -others / n;
    const double loss = !known         ? std::numeric_limits<double>::infinity()
                        : others < 0.5 ? -std::log1p(-others)
                                       : std::log(sum) + largest - x[of_label];
    l.loss += loss / n;
    const auto first = static_cast<std::size_t>(std::find(x, x + classes, largest) - x);
    l.right += (first == of_label ? 1 : 0) / n;
  }
  return l;
}

// Keras 3's Adam: epsilon beside the root of the uncorrected second moment.
void adam(const AdamConfig& c, std::int64_t t, const Vector& gradient, Vector& m, Vector& v,
          Vector& parameter) {
  const auto steps = static_cast<double>(t);
  const double alpha =
      c.learning_rate * std::sqrt(1 - std::pow(c.beta2, steps)) / (1 - std::pow(c.beta1, steps));
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    m[i] = c.beta1 * m[i] + (1 - c.beta1) * gradient[i];
    v[i] = c.beta2 * v[i] + (1 - c.beta2) * gradient[i] * gradient[i];
    parameter[i] -= alpha * m[i] / (std::sqrt(v[i]) + c.epsilon);
  }
}

Vector weighted_sum(std::int64_t rows, double a_factor, const Vector& a_scale, const Vector& a,
                    double b_factor, const Vector& b) {
  const std::size_t size = a.size() / static_cast<std::size_t>(rows);
  Vector y(a.size());
  for (std::size_t i = 0; i < y.size(); ++i)
    y[i] = a_factor * (a_scale.empty() ? 1 : a_scale[i / size]) * a[i] + b_factor * b[i];
  return y;
}

Vector normal(const RandomAddress& a, std::int64_t n) {
  Vector z;
  for (std::int64_t e = 0; e < n; ++e) {
    const PhiloxBlock b = philox_at(a.seed, a.stream, a.step, static_cast<std::uint32_t>(e / 4));
    const std::int64_t pair = e % 4 / 2;
    const double u1 = ((b.word[2 * pair] >> 8) + 1) / 16777216.0;
    const double angle = 2 * std::numbers::pi * (b.word[2 * pair + 1] >> 8) / 16777216.0;
    z.push_back(std::sqrt(-2 * std::log(u1)) * (e % 2 ? std::sin(angle) : std::cos(angle)));
  }
  return z;
}

std::vector<std::uint8_t> keep_mask(const RandomAddress& a, float dropout_rate, std::int64_t n) {
  const long threshold = std::lround(static_cast<double>(dropout_rate) * 65536);
  std::vector<std::uint8_t> mask;
  for (std::int64_t e = 0; e < n; ++e) {
    const PhiloxBlock b = philox_at(a.seed, a.stream, a.step, static_cast<std::uint32_t>(e / 8));
    const std::uint32_t word = b.word[e % 8 / 2];
    mask.push_back(static_cast<long>(e % 2 ? word >> 16 : word & 0xffff) >= threshold);
  }
  return mask;
}

}  // namespace dcgan::ref
