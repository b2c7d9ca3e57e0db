// A trained generator: images from a checkpoint, without a data set.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dcgan/config.h"
#include "dcgan/error.h"

namespace dcgan {

class Generator {
 public:
  /// Of a checkpoint, or of the newest in a run folder. Without `threads` as many as the run had.
  /// Throws Error naming the file.
  explicit Generator(const std::string& checkpoint_or_folder, const std::string& backend = "auto",
                     int threads = -1);
  ~Generator();

  /// count images in [-1, 1], [count, height, width, channels]; the same for the same seed.
  std::vector<float> sample(std::int64_t count, std::uint64_t seed);
  /// The same from latent vectors of one's own, [count, latent]: from those of draw_latents the
  /// same bits. labels: the class of each, [count]; if empty, those of labels_in_turn(0, count).
  /// Throws Error for a label that is none of its classes.
  std::vector<float> sample(std::span<const float> latents,
                            std::span<const std::uint8_t> labels = {});
  /// Each class in its turn, from that of picture `first` on, [count]; of a GAN that was told no
  /// classes, none.
  std::vector<std::uint8_t> labels_in_turn(std::int64_t first, std::int64_t count) const;
  /// Of the latent vectors that `seed` stands for those from `first` on, [count, latent]. Each is
  /// of independent N(0, 1).
  std::vector<float> draw_latents(std::int64_t first, std::int64_t count, std::uint64_t seed);

  /// The run's settings.
  const Config& config() const;
  int height() const;
  int width() const;
  int channels() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dcgan
