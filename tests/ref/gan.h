// A GAN's training step in double, as Goodfellow et al. (2014) and the originals of the presets
// state it: real and generated images pass through the discriminator apart.
#pragma once
#include <functional>

#include "models/models.h"
#include "ref/network.h"

namespace dcgan::ref {

struct StepLosses {
  double generator, discriminator, penalty;
};

class Gan {
 public:
  explicit Gan(const Config& config, const GanSpec& spec);

  Network generator, discriminator;
  /// Values of the generator that samples are drawn with, if the settings ask for an average.
  Tensors average;
  /// Of the last step, [rows, image].
  Vector fake;

  /// The masks of a pass for `rows` rows: real ones first, then as many generated ones; in the
  /// generator's own pass of an alternating step, which comes last, generated ones alone.
  using MasksOfPass = std::function<Masks(std::int64_t rows, std::uint32_t pass)>;
  /// With one discriminator step both losses are differentiated before either network changes; with
  /// several the discriminator changes that many times, and then the generator against the changed
  /// one. The loss reported of the discriminator is that before its last change.
  /// labels: of the real images, and of the generated ones beside them; empty without classes.
  StepLosses step(const Vector& real, const std::vector<int>& labels, const Vector& noise,
                  const MasksOfPass& masks, std::int64_t step, double progress = 0);

 private:
  /// One logit for each sample, and its gradient as that of the discriminator's outputs.
  Vector score(const Vector& images, const Masks& masks);
  Vector score_backward(const Vector& adjoint);
  double differentiate_discriminator(const Vector& real, const Masks& masks);
  double differentiate_generator(const Masks& fake_masks);
  /// Adds the gradients of R1 and R2; returns the mean |dD/dx|^2 of the real images and of the fake
  /// ones, added up.
  double penalise_discriminator(const Vector& real, const Masks& masks);
  StepLosses relativistic_step(const Vector& real, const Masks& masks);
  void update_average(std::int64_t step);

  Config config_;
  std::int64_t rows_ = 0;
  Vector codes_;  // of the last step, [rows, classes]; without classes 1 each
};

/// [labels.size(), classes], 1 at each label.
Vector one_hot(const std::vector<int>& labels, std::int64_t classes);
/// What the generator sees: each latent vector of noise, and after it the sample's code.
Vector beside(const Vector& noise, const Vector& codes, std::int64_t rows);

/// The masks at the addresses that the program documents: stream 16 + layer + 16 * pass.
Masks drawn_masks(const Network& discriminator, std::uint64_t seed, std::int64_t step,
                  std::int64_t rows, std::uint32_t pass);

}  // namespace dcgan::ref
