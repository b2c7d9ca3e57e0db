// The two kinds of step.
#include "ref/gan.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace dcgan::ref {
namespace {

/// Half 0 or 1 of each mask.
Masks half_of(const Masks& masks, int half) {
  Masks part;
  for (const auto& mask : masks) {
    const auto middle = mask.begin() + static_cast<std::ptrdiff_t>(mask.size() / 2);
    part.emplace_back(half == 0 ? mask.begin() : middle, half == 0 ? middle : mask.end());
  }
  return part;
}

struct Loss {
  double value;
  Vector adjoint;
};

/// The mean cross entropy of logits that all have one target, smoothed as Keras smooths: towards
/// 1/2.
Loss cross_entropy(const Vector& logits, double target, double smoothing) {
  const double smoothed = target * (1 - smoothing) + smoothing / 2;
  Vector both = logits;  // as the generated half; the other half has no part in L_G
  both.insert(both.end(), logits.begin(), logits.end());
  const GanLosses l = gan_loss(both, smoothed, 0, smoothed);
  return {l.generator, l.generator_adjoint};
}

}  // namespace

Gan::Gan(const Config& config, const GanSpec& spec)
    : generator("generator", spec.generator, {1, 1, config.latent + config.classes}),
      discriminator("discriminator", spec.discriminator, spec.image),
      config_(config) {
  generator.initialise(config.seed);
  discriminator.initialise(config.seed);
  if (config.average > 0) average = generator.values;
}

Vector one_hot(const std::vector<int>& labels, std::int64_t classes) {
  Vector codes(labels.size() * static_cast<std::size_t>(classes));
  for (std::size_t i = 0; i < labels.size(); ++i)
    codes[i * static_cast<std::size_t>(classes) + static_cast<std::size_t>(labels[i])] = 1;
  return codes;
}

Vector beside(const Vector& noise, const Vector& codes, std::int64_t rows) {
  const auto n = static_cast<std::ptrdiff_t>(rows);
  const std::ptrdiff_t z = std::ssize(noise) / n, c = std::ssize(codes) / n;
  Vector both;
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    both.insert(both.end(), noise.begin() + i * z, noise.begin() + (i + 1) * z);
    both.insert(both.end(), codes.begin() + i * c, codes.begin() + (i + 1) * c);
  }
  return both;
}

Vector Gan::score(const Vector& images, const Masks& masks) {
  const Vector logits = discriminator.forward(rows_, images, masks);
  Vector scores(static_cast<std::size_t>(rows_));
  for (std::size_t i = 0; i < logits.size(); ++i)
    scores[i * scores.size() / logits.size()] += codes_[i] * logits[i];
  return scores;
}

Vector Gan::score_backward(const Vector& adjoint) {
  Vector of_logits = codes_;
  for (std::size_t i = 0; i < of_logits.size(); ++i)
    of_logits[i] *= adjoint[i * adjoint.size() / of_logits.size()];
  return discriminator.backward(of_logits);
}

/// L_D, its gradients in the discriminator.
double Gan::differentiate_discriminator(const Vector& real, const Masks& masks) {
  discriminator.clear_gradients();
  double sum = 0;
  for (const int half : {0, 1}) {
    const Vector logits = score(half == 0 ? real : fake, half_of(masks, half));
    const Loss loss = cross_entropy(logits, half == 0 ? 1 : 0, config_.label_smoothing);
    score_backward(loss.adjoint);
    sum += loss.value;
  }
  return sum;
}

/// L_G, its gradients in the generator; the discriminator's stay as they are.
double Gan::differentiate_generator(const Masks& fake_masks) {
  const Tensors kept = discriminator.gradients;
  const Vector logits = score(fake, fake_masks);
  const Loss loss = cross_entropy(logits, 1, config_.label_smoothing);
  generator.clear_gradients();
  generator.backward(score_backward(loss.adjoint));
  discriminator.gradients = kept;
  return loss.value;
}

double Gan::penalise_discriminator(const Vector& real, const Masks& masks) {
  double sum = 0;
  for (const int half : {0, 1})
    sum += discriminator.penalise(rows_, half == 0 ? real : fake, half_of(masks, half), codes_,
                                  config_.penalty / static_cast<double>(rows_));
  return 2 * sum / static_cast<double>(rows_);
}

/// Both losses of pairs and their gradients.
StepLosses Gan::relativistic_step(const Vector& real, const Masks& masks) {
  Vector logits = score(real, half_of(masks, 0));
  const Vector of_fakes = score(fake, half_of(masks, 1));
  logits.insert(logits.end(), of_fakes.begin(), of_fakes.end());
  const double target = 1 - config_.label_smoothing / 2;
  const GanLosses l = relativistic_loss(logits, target, target);
  const auto middle = l.discriminator_adjoint.begin() + rows_;
  generator.clear_gradients();  // the last forward pass was over the fake images
  generator.backward(score_backward(l.generator_adjoint));
  discriminator.clear_gradients();
  score_backward({middle, l.discriminator_adjoint.end()});
  score(real, half_of(masks, 0));
  score_backward({l.discriminator_adjoint.begin(), middle});
  return {l.generator, l.discriminator, 0};
}

/// Half of the average are the weights of the last half-life of images.
void Gan::update_average(std::int64_t step) {
  const double seen = static_cast<double>((step + 1) * config_.batch_size);
  const double half_life = std::min(500'000.0, config_.average * seen);
  const double beta = std::pow(0.5, static_cast<double>(rows_) / half_life);
  for (auto& [name, values] : average)
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = beta * values[i] + (1 - beta) * generator.values.at(name)[i];
}

/// By a cosine, from the first to the final value (0: none).
static double scheduled(double first, double last, double progress) {
  constexpr double pi = 3.14159265358979323846;
  return last == 0 ? first : last + (first - last) * (1 + std::cos(pi * progress)) / 2;
}

StepLosses Gan::step(const Vector& real, const std::vector<int>& labels, const Vector& noise,
                     const MasksOfPass& masks, std::int64_t step, double progress) {
  AdamConfig adam[] = {config_.generator, config_.discriminator};
  for (AdamConfig& a : adam) {
    a.learning_rate = scheduled(a.learning_rate, a.final_learning_rate, progress);
    a.beta2 = scheduled(a.beta2, a.final_beta2, progress);
  }
  rows_ = static_cast<std::int64_t>(noise.size()) / config_.latent;
  const bool told = config_.classes > 0;
  codes_ = told ? one_hot(labels, config_.classes) : Vector(static_cast<std::size_t>(rows_), 1);
  fake = generator.forward(rows_, told ? beside(noise, codes_, rows_) : noise, {});
  StepLosses losses{};
  const auto passes = static_cast<std::uint32_t>(config_.discriminator_steps);
  if (passes == 1) {
    const Masks both = masks(2 * rows_, 0);
    if (config_.loss == "relativistic") {
      losses = relativistic_step(real, both);
    } else {
      losses.discriminator = differentiate_discriminator(real, both);
      losses.generator = differentiate_generator(half_of(both, 1));
    }
    if (config_.penalty > 0) losses.penalty = penalise_discriminator(real, both);
    generator.update(adam[0], step + 1);
    discriminator.update(adam[1], step + 1);
    if (config_.average > 0) update_average(step);
    return losses;
  }
  for (std::uint32_t pass = 0; pass < passes; ++pass) {
    losses.discriminator = differentiate_discriminator(real, masks(2 * rows_, pass));
    discriminator.update(adam[1], step * passes + pass + 1);
  }
  losses.generator = differentiate_generator(masks(rows_, passes));
  generator.update(adam[0], step + 1);
  if (config_.average > 0) update_average(step);
  return losses;
}

Masks drawn_masks(const Network& discriminator, std::uint64_t seed, std::int64_t step,
                  std::int64_t rows, std::uint32_t pass) {
  constexpr std::uint32_t first_stream = 16, streams_per_pass = 16;
  Masks masks;
  for (std::size_t layer = 0; layer < discriminator.dropouts().size(); ++layer)
    masks.push_back(
        keep_mask({seed, first_stream + streams_per_pass * pass + static_cast<std::uint32_t>(layer),
                   static_cast<std::uint64_t>(step)},
                  static_cast<float>(discriminator.dropout_rates()[layer]),
                  rows * discriminator.dropouts()[layer].size()));
  return masks;
}

}  // namespace dcgan::ref
