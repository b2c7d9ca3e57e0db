// A GAN and its training step, written once for all backends.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "train/model.h"

namespace dcgan {

/// Generator and discriminator with the memory their step needs.
class Gan : public Model {
 public:
  /// Throws Error if a backend in host memory cannot hold it.
  Gan(Backend& backend, const Config& config);

  /// Device memory that it needs, without what the backend's operations add.
  static std::int64_t bytes(const Config& config);

  Sequential& generator() { return generator_; }
  Sequential& discriminator() { return discriminator_; }
  const GanSpec& spec() const { return spec_; }

  std::vector<Sequential*> networks() override { return {&generator_, &discriminator_}; }
  using Model::train_step;

  /// Device memory for a step's inputs: [batch, image] in [-1, 1] and [batch,
  /// generator_input()].
  float* real_images() { return memory_.images.f32(); }
  float* noise() { return memory_.noise.f32(); }
  /// Of a GAN that is told classes: their codes, [batch, classes], 1 at the image's own. A step
  /// needs them here and, in noise(), behind each latent vector.
  float* codes() { return memory_.codes.f32(); }
  /// The generated images of the last step, [rows, image].
  const float* fake_images(std::int64_t rows) const {
    return memory_.images.f32() + rows * spec_.image.size();
  }
  /// Where the masks of a discriminator dropout layer go: [rows of the pass, layer], real rows
  /// first.
  std::uint8_t* keep_mask(std::size_t dropout_layer) {
    return discriminator_.dropouts()[dropout_layer].keep.u8();
  }

  /// Fills keep_mask() of every layer for one pass of the discriminator over `rows` rows. Passes
  /// count from 0 within the step. Of several discriminator steps each is a pass over real and
  /// generated rows; the generator's is the last, over generated rows alone.
  using PlaceMasks = std::function<void(std::int64_t rows, std::uint32_t pass)>;

  /// A step on the first `rows` rows of real_images() and noise(), which the caller has filled.
  /// Without place_masks the masks are drawn.
  void train_step(std::int64_t rows, std::int64_t step, const PlaceMasks& place_masks = {});

  /// Whether samples are drawn with averaged weights. Those have the layout of the generator's.
  bool averages() const { return config_.average > 0; }
  float* average_values() const { return memory_.average_values.f32(); }
  float* average_moving() const { return memory_.average_moving.f32(); }
  std::optional<Average> average() override;
  void begin_average() override;

  /// count images in [-1, 1], [count, image], in inference mode from the noise addressed by seed.
  std::vector<float> sample(std::int64_t count, std::uint64_t seed);
  /// The same from latent vectors of one's own, [count, latent]: from those of draw_latents the
  /// same bits. labels: the class of each, [count]; if empty, those of labels_in_turn(0, count).
  /// Throws Error for a label that is none of the GAN's classes.
  std::vector<float> sample(std::span<const float> latents, std::span<const std::uint8_t> labels);
  /// Each class in its turn, from that of picture `first` on, [count]; without classes, none.
  std::vector<std::uint8_t> labels_in_turn(std::int64_t first, std::int64_t count) const;
  /// Of the latent vectors that sample draws by this seed those from `first` on, [count, latent].
  std::vector<float> draw_latents(std::int64_t first, std::int64_t count, std::uint64_t seed);

 private:
  struct Memory {
    Buffer images;  ///< [real | fake], one batch of 2 * rows
    Buffer noise, codes, code_adjoint, logits, discriminator_adjoint, generator_adjoint, ratio,
        image_gradient;
    Buffer alternating_losses;              ///< [2], after the last of several discriminator steps
    Buffer average_values, average_moving;  ///< as the generator's, if there is an average
  };
  static Memory allocate_memory(const Config& config,
                                const std::function<Buffer(std::size_t bytes)>& allocate);

  class Averaged;

  void run_step(const Batch& batch) override;
  void set_updates(const Batch& batch, std::int64_t step, StepState& state) const override;
  Measures to_measures(const StepStates::StepMeasures& left, std::int64_t rows) const override;

  std::vector<float> generator_inputs(std::span<const float> latents,
                                      std::span<const std::uint8_t> labels) const;
  /// Images of the generator's inputs that are on the device, into host memory.
  void generate(std::int64_t rows, const float* inputs, float* images);
  bool tells_classes() const { return config_.classes > 0; }
  void load_codes(const Batch& batch);
  BackwardPass from_adjoint(std::int64_t rows, Buffer& adjoint);
  /// losses [2] become L_G and L_D.
  void evaluate_loss(std::int64_t rows, float* losses, float* adjoint_sum);
  /// Forward over the real and the generated images of a pass of the step, and both losses.
  void evaluate_discriminator(std::int64_t rows, std::uint32_t pass, const PlaceMasks& place_masks);
  /// What is done with real_images(), noise() and codes().
  void run_step(std::int64_t rows, const PlaceMasks& place_masks);
  /// L_G's gradient through the discriminator, whose last batch has the generated images from
  /// first_fake on, and on into the generator's parameters.
  void backward_both(BackwardPass of_discriminator, BackwardPass of_generator);
  void backward_generator_loss(std::int64_t rows, std::int64_t first_fake);
  void simultaneous_step(std::int64_t rows, const PlaceMasks& place_masks);
  void penalised_step(std::int64_t rows, const PlaceMasks& place_masks);
  void alternating_step(std::int64_t rows, const PlaceMasks& place_masks);
  void update_both();
  void update_average();

  GanSpec spec_;
  Sequential generator_, discriminator_;
  Memory memory_;
};

}  // namespace dcgan
