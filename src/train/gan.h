// A GAN and its training step, written once for all backends.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "models/models.h"
#include "nn/sequential.h"

namespace dcgan {

struct StepLosses {
  float generator = 0;
  float discriminator = 0;
};

/// Streams of random numbers; with the seed, the step and the element they address every draw.
namespace random_stream {
// 1 is the initial weights', in Sequential.
constexpr std::uint32_t shuffle = 2;
constexpr std::uint32_t noise = 3;
constexpr std::uint32_t sample = 4;
constexpr std::uint32_t dropout = 16;  // + layer + 16 * pass of the step
}  // namespace random_stream

/// Generator and discriminator with the memory their step needs. A step's inputs are placed in
/// real_images() and noise(); the dropout masks are drawn, or placed by the caller.
class Gan {
 public:
  Gan(Backend& backend, const Config& config);

  Sequential& generator() { return generator_; }
  Sequential& discriminator() { return discriminator_; }
  const GanSpec& spec() const { return spec_; }
  Backend& backend() { return backend_; }

  /// Device memory for the step's inputs: [batch, image] in [-1, 1] and [batch, latent].
  float* real_images() { return images_.f32(); }
  float* noise() { return noise_.f32(); }
  /// The generated images of the last step, [rows, image].
  const float* fake_images(std::int64_t rows) const {
    return images_.f32() + rows * spec_.image.size();
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

  /// One training step on the first `rows` rows of the inputs; `step` counts from 0. Without
  /// place_masks the masks are drawn. Losses stay on the device until losses() is called.
  void train_step(std::int64_t rows, std::int64_t step, const PlaceMasks& place_masks = {});
  StepLosses losses();

  /// count images in [-1, 1], [count, image], in inference mode from the noise addressed by seed.
  std::vector<float> sample(std::int64_t count, std::uint64_t seed);

 private:
  void draw_masks(std::int64_t rows, std::int64_t step, std::uint32_t pass);
  void evaluate_loss(std::int64_t rows);
  void simultaneous_step(std::int64_t rows, std::int64_t step, const PlaceMasks& place_masks);
  void alternating_step(std::int64_t rows, std::int64_t step, const PlaceMasks& place_masks);
  void update(Sequential& network, const AdamConfig& adam, std::int64_t t);

  Backend& backend_;
  Config config_;
  GanSpec spec_;
  Sequential generator_, discriminator_;
  Buffer images_;  // [real | fake], one batch of 2 * rows
  Buffer noise_, logits_, discriminator_adjoint_, generator_adjoint_, ratio_, losses_;
  Buffer image_gradient_;
};

}  // namespace dcgan
