// Training as a library: a data set and a Config in, steps, samples and checkpoints out.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dcgan/config.h"
#include "dcgan/dataset.h"
#include "dcgan/error.h"

namespace dcgan {

/// What is measured of a step, in the order of Trainer::measure_names(); what a preset does not
/// measure is 0.
using Measures = std::array<double, 3>;

struct EpochRecord {
  std::int64_t epoch = 0;          ///< from 1
  Measures means{};                ///< over its steps
  double seconds = 0;              ///< of its steps
  std::optional<Measures> test{};  ///< of a classifier at the epoch's end, on the test images
  /// Of a GAN's samples at the epoch's end from the test images, where it was asked for.
  std::optional<double> frechet_distance{};
};

/// A setting that a resumed run has changed, in the form of `--set`.
struct SettingChange {
  std::int64_t step = 0;  ///< done before the change
  std::string key, from, to;
};

/// A run's progress; with the weights and moments, all that resuming needs.
struct TrainingState {
  std::int64_t step = 0;  ///< steps done
  std::vector<EpochRecord> history;
  // Of the current epoch:
  std::int64_t steps_in_epoch = 0;
  std::int64_t images_in_epoch = 0;
  Measures sums{};
  double epoch_seconds = 0;
  std::vector<SettingChange> changes;

  /// The means of the current epoch so far, which has a step at least.
  EpochRecord current_epoch() const;
};

struct StepResult {
  std::int64_t step = 0;   ///< from 1
  std::int64_t epoch = 0;  ///< from 1
  std::int64_t images = 0;
  Measures measures{};
  double milliseconds = 0;  ///< its share of the time of the steps that were queued with it
  bool ends_epoch = false;
};

/// Called with each step's result; false: no more steps are begun.
using OnStep = std::function<bool(const StepResult&)>;

struct NetworkInfo {
  std::string name;  ///< "generator"
  std::int64_t parameters = 0;
  std::int64_t moving_statistics = 0;
};

/// The data set that a preset trains on. Throws Error.
Dataset read_dataset(const Config& config);

/// The images that a classifier is tested on: those of the same data set that are there for it.
/// Where there are none, and for a GAN, an empty set; for a classifier with a warning in the log.
Dataset read_test_set(const Config& config);

/// The settings stored in a checkpoint. Throws Error naming the file.
Config checkpoint_config(const std::string& path);

class Trainer {
 public:
  /// From scratch, with weights drawn from config.seed. `test`: on which a classifier is tested at
  /// each epoch's end, if there are any images in it. Throws Error where data and preset do not
  /// fit, and where config.data_checksum is that of other pictures.
  Trainer(const Config& config, Dataset dataset, Dataset test = {});
  ~Trainer();

  /// Resumes from a checkpoint made with the same networks. What config changes of the run's
  /// training is added to state().changes. Throws Error naming what does not fit.
  void load(const std::string& checkpoint);
  /// Takes over the weights of a checkpoint made with the same networks, and nothing else of it.
  void take_weights(const std::string& checkpoint);
  /// Writes a checkpoint, whole or not at all.
  void save(const std::string& path);
  /// A copy in host memory of what save() would write now. What is returned writes it to a path, as
  /// save() does, in any thread and whatever has become of the trainer.
  std::function<void(const std::string& path)> snapshot();
  /// The same without Adam's moments, a third of the size: enough to sample from, to judge with, or
  /// for take_weights. Of a classifier that was tested, "test_accuracy" is in its metadata.
  void save_weights(const std::string& path);

  /// Takes `steps` training steps, or fewer where on_step ends them, and tells it the result of
  /// each in their order. A GPU is kept busy: it is ahead of what on_step is told by up to .1 s,
  /// but never past an epoch's last step. There, and after train(), the model is that of the last
  /// result: it may be sampled and saved, also from within on_step; elsewhere those throw Error.
  void train(std::int64_t steps, const OnStep& on_step);
  /// Takes one step, and waits for it.
  StepResult train_step();
  /// Adds to the record of the epoch that has just ended what was found of its samples.
  void set_frechet_distance(double distance);
  /// Of a GAN: count images in [-1, 1], [count, height, width, channels], in inference mode; the
  /// same for the same seed. Throws UsageError for a classifier.
  std::vector<float> sample(std::int64_t count, std::uint64_t seed);
  /// Of a classifier: the probability of each class, [data.count, classes]. Throws UsageError for a
  /// GAN, Error where the images do not fit.
  std::vector<float> probabilities(const Dataset& data);

  /// With the data set's place and checksum.
  const Config& config() const;
  const Dataset& dataset() const;
  const Dataset& test_set() const;
  const TrainingState& state() const;
  std::int64_t steps_per_epoch() const;
  /// The number of steps config asks for.
  std::int64_t total_steps() const;
  std::string backend_description() const;
  /// {"loss_generator", "loss_discriminator"} of a GAN, with "penalty" if it has one; {"loss",
  /// "accuracy"} of a classifier.
  const std::vector<std::string>& measure_names() const;
  /// In the order of a checkpoint.
  std::vector<NetworkInfo> networks() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dcgan
