#include "run/health.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace dcgan {
namespace {

constexpr std::int64_t real_pictures = 64;

// A discriminator that is always right and sure of it: real against generated, its loss is -log of
// the probability it gives to the truth, twice.
constexpr double won_discriminator_loss = 0.01, lost_generator_loss = 6;

// Pictures with a twentieth of the data's variety are alike to the eye. A young generator's are,
// too.
constexpr double least_variety = 0.05;
constexpr std::int64_t youth_steps = 500;

/// Their values in a range as long as the samples'; where it begins does not change the spread.
std::vector<float> first_pictures(const Dataset& data) {
  const std::size_t values =
      static_cast<std::size_t>(std::min(real_pictures, data.count)) * data.image_bytes();
  std::vector<float> pictures(values);
  std::transform(data.pixels.begin(), data.pixels.begin() + static_cast<std::ptrdiff_t>(values),
                 pictures.begin(), [](std::uint8_t p) { return static_cast<float>(p) / 127.5f; });
  return pictures;
}

}  // namespace

double spread(const std::vector<float>& pictures, std::int64_t size) {
  const auto count = static_cast<std::int64_t>(pictures.size()) / size;
  double sum_of_deviations = 0;
  for (std::int64_t i = 0; i < size; ++i) {
    double mean = 0, squares = 0;
    for (std::int64_t n = 0; n < count; ++n) mean += static_cast<double>(pictures[n * size + i]);
    mean /= static_cast<double>(count);
    for (std::int64_t n = 0; n < count; ++n)
      squares += std::pow(static_cast<double>(pictures[n * size + i]) - mean, 2);
    sum_of_deviations += std::sqrt(squares / static_cast<double>(count));
  }
  return sum_of_deviations / static_cast<double>(size);
}

std::string divergence(const StepResult& step, const std::vector<std::string>& measure_names) {
  const bool classifier = measure_names.front() == "loss";
  for (std::size_t i = 0; i < measure_names.size(); ++i)
    if (!std::isfinite(step.measures[i]))
      return "the training has diverged: at step " + std::to_string(step.step) + " (epoch " +
             std::to_string(step.epoch) + ") " + measure_names[i] +
             " is no finite number; try a lower " +
             (classifier ? "classifier.learning_rate"
                         : "generator.learning_rate and discriminator.learning_rate");
  return "";
}

CollapseWatch::CollapseWatch(const Dataset& dataset)
    : image_size_(static_cast<std::int64_t>(dataset.image_bytes())),
      real_spread_(spread(first_pictures(dataset), image_size_)) {}

std::string CollapseWatch::after_epoch(const EpochRecord& epoch, std::int64_t step,
                                       const std::vector<float>& samples) {
  if (step < youth_steps) return "";
  std::string warning = of_losses(epoch);
  if (warning.empty()) warning = of_pictures(samples);
  if (warning.empty()) return "";
  return "epoch " + std::to_string(epoch.epoch) + " (step " + std::to_string(step) +
         "): " + warning;
}

std::string CollapseWatch::of_losses(const EpochRecord& epoch) {
  if (warned_of_losses_ || epoch.means[1] >= won_discriminator_loss ||
      epoch.means[0] <= lost_generator_loss)
    return "";
  warned_of_losses_ = true;
  char losses[64];
  std::snprintf(losses, sizeof losses, "%.4f and %.1f", epoch.means[1], epoch.means[0]);
  return std::string("the discriminator tells all generated pictures from real ones (losses ") +
         losses + "), and the generator learns nothing any more; try a lower " +
         "discriminator.learning_rate, label_smoothing=0.1, or more dropout, from an earlier "
         "checkpoint";
}

std::string CollapseWatch::of_pictures(const std::vector<float>& samples) {
  if (warned_of_pictures_ || samples.empty() ||
      spread(samples, image_size_) >= least_variety * real_spread_)
    return "";
  warned_of_pictures_ = true;
  return "the generated pictures are all alike: the generator has collapsed; try another seed, a "
         "lower generator.learning_rate, or a larger batch, from an earlier checkpoint";
}

}  // namespace dcgan
