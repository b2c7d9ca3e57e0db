// What a Trainer trains: networks, and a training step that is written once for all backends.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "backend/backend.h"
#include "dcgan/trainer.h"
#include "models/models.h"
#include "nn/sequential.h"
#include "train/step_states.h"

namespace dcgan {

/// A step's images in the data set, which is on the device.
struct Batch {
  const std::uint8_t* pixels = nullptr;  ///< [count, image]
  std::int64_t count = 0;
  std::int64_t epoch = 0;  ///< from 0; each has its own order
  std::int64_t first = 0, rows = 0;
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

  /// Most steps that can be queued at once.
  static constexpr std::int64_t most_steps = StepStates::most_steps;

  /// In the order of a checkpoint.
  virtual std::vector<Sequential*> networks() = 0;
  /// Queues a training step for each batch, the first with the number `step`, which counts from 0.
  /// Without waiting for them: twice most_steps may be queued before take_measures() is called.
  void queue_steps(std::span<const Batch> batches, std::int64_t step);
  /// Waits for the oldest queue_steps() whose measures have not been taken: of each of its steps,
  /// in the order of measure_names().
  std::vector<Measures> take_measures();
  /// Steps are not waited for whose measures nobody will take.
  void forget_measures();

  /// Queues one step, whose measures only measures() has.
  void train_step(const Batch& batch, std::int64_t step);
  /// Of the last step. Waits.
  Measures measures();

  /// A checkpoint holds it, too.
  virtual std::optional<Average> average() { return std::nullopt; }
  /// The weights as they are become the average.
  virtual void begin_average() {}

  Backend& backend() { return backend_; }
  const Config& config() const { return config_; }

 protected:
  /// updates: Adam's steps within a training step. Throws Error if a backend in host memory cannot
  /// hold the model.
  Model(Backend& backend, const Config& config, std::int64_t updates);

  /// The calls of a step. All that differs from step to step is in states_: of the batch this has
  /// data, count and rows.
  virtual void run_step(const Batch& batch) = 0;
  /// What the step of a batch is told of its updates.
  virtual void set_updates(const Batch& batch, std::int64_t step, StepState& state) const = 0;
  /// A step's measures as they are told, from what it left on the device.
  virtual Measures to_measures(const StepStates::StepMeasures& left, std::int64_t rows) const = 0;

  /// Sends the states of steps that will run next.
  void send_states(std::span<const Batch> batches, std::int64_t step);

  /// Where the random numbers of a step are, or those of its epoch.
  RandomAddress address_in_step(std::uint32_t stream) const;
  RandomAddress address_in_epoch(std::uint32_t stream) const;
  /// The images of a batch, [rows, image]; of training some are mirrored, if config says so.
  void load_images(const Batch& batch, const SampleShape& image, const PixelRange& pixels,
                   bool training, float* out);
  /// The batch's labels in the order of its images: of a table of so many columns [rows, columns],
  /// in rows of `stride` floats (0: columns).
  void load_labels(const Batch& batch, float* out, std::int64_t columns = 1,
                   std::int64_t stride = 0);
  /// Fills the masks of all dropout layers for one of the step's passes over `rows` rows.
  /// Of a network's dropout layers in a pass of a step.
  std::vector<KeepMaskDraw> mask_draws(Sequential& network, std::int64_t rows, std::uint32_t pass);
  void draw_masks(Sequential& network, std::int64_t rows, std::uint32_t pass);
  /// A network's part of an Adam step, the step's own number `index`.
  AdamPart update(const Sequential& network, std::int64_t index) const;

  Backend& backend_;
  Config config_;
  StepStates states_;

 private:
  std::int64_t last_rows_ = 1;  ///< of the last step whose state was sent
  std::deque<std::vector<std::int64_t>> rows_in_flight_;
  /// The steps of batches that differ by their state alone, by their data and rows.
  std::map<std::tuple<const std::uint8_t*, const std::uint8_t*, std::int64_t, std::int64_t>,
           std::unique_ptr<RepeatedCalls>>
      steps_;
};

/// Adam's constants where a run stands, from 0 to 1: a cosine from the first to the final ones.
AdamConfig scheduled(AdamConfig adam, double progress);

/// The model of config.preset, with weights drawn from config.seed. Throws Error as the models do.
std::unique_ptr<Model> make_model(Backend& backend, const Config& config);

/// The backend to train on. Throws as make_backend does.
std::unique_ptr<Backend> make_backend(const Config& config);

/// Device memory that it needs, without what the backend's operations add.
std::int64_t model_bytes(const Config& config);

/// What steps of config.preset measure, by its names in logs: the first of the Measures.
const std::vector<std::string>& measure_names(const Config& config);

}  // namespace dcgan
