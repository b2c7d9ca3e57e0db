// What a Trainer trains: networks, and a training step that is written once for all backends.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "dcgan/trainer.h"
#include "models/models.h"
#include "nn/sequential.h"

namespace dcgan {

/// A step's images in the data set, which is on the device.
struct Batch {
  const std::uint8_t* pixels;  ///< [count, image]
  std::int64_t count;
  std::int64_t epoch;  ///< from 0; each has its own order
  std::int64_t first, rows;
  double progress = 0;                   ///< of the run, from 0 to 1: where schedules stand
  const std::uint8_t* labels = nullptr;  ///< [count] of a classifier; [count, classes] of a GAN
                                         ///< that is told them, 1 at the image's own
};

/// Averaged weights of one of a model's networks, in the layout of its own.
struct Average {
  const Sequential* network;
  float *values, *moving;
};

class Model {
 public:
  virtual ~Model() = default;

  /// In the order of a checkpoint.
  virtual std::vector<Sequential*> networks() = 0;
  /// One training step; `step` counts from 0. What it measures stays on the device until measures()
  /// is called.
  virtual void train_step(const Batch& batch, std::int64_t step) = 0;
  /// Of the last step, in the order of measure_names().
  virtual Measures measures() = 0;

  /// A checkpoint holds it, too.
  virtual std::optional<Average> average() { return std::nullopt; }
  /// The weights as they are become the average.
  virtual void begin_average() {}

  Backend& backend() { return backend_; }
  const Config& config() const { return config_; }

 protected:
  /// Throws Error if a backend in host memory cannot hold the model.
  Model(Backend& backend, const Config& config);

  /// Where the random numbers of a step or an epoch are.
  RandomAddress address(std::uint32_t stream, std::int64_t number) const;
  /// The batch's images, [rows, image].
  void load_images(const Batch& batch, const SampleShape& image, const PixelRange& pixels,
                   const Mirror& mirror, float* out);
  /// The batch's labels in the order of its images: of a table of so many columns [rows, columns],
  /// in rows of `stride` floats (0: columns).
  void load_labels(const Batch& batch, float* out, std::int64_t columns = 1,
                   std::int64_t stride = 0);
  /// What is mirrored in an epoch of training, if config says so.
  Mirror mirror(const SampleShape& image, std::int64_t epoch) const;
  /// Fills the masks of all dropout layers for one of the step's passes over `rows` rows.
  void draw_masks(Sequential& network, std::int64_t rows, std::int64_t step, std::uint32_t pass);
  /// Adam's step number t, from 1, with its constants where the run stands.
  void update(Sequential& network, const AdamConfig& adam, std::int64_t t);

  Backend& backend_;
  Config config_;
  double progress_ = 0;  ///< at the last step
};

/// The model of config.preset, with weights drawn from config.seed. Throws Error as the models do.
std::unique_ptr<Model> make_model(Backend& backend, const Config& config);

/// Device memory that it needs, without what the backend's operations add.
std::int64_t model_bytes(const Config& config);

/// What steps of config.preset measure, by its names in logs: the first of the Measures.
const std::vector<std::string>& measure_names(const Config& config);

}  // namespace dcgan
