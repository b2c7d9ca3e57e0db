// Training as a library: a data set and a Config in, steps, samples and checkpoints out.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dcgan/config.h"
#include "dcgan/dataset.h"
#include "dcgan/error.h"

namespace dcgan {

/// Means over an epoch.
struct EpochRecord {
  std::int64_t epoch = 0;  ///< from 1
  double loss_generator = 0;
  double loss_discriminator = 0;
  double seconds = 0;
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
  double sum_loss_generator = 0;
  double sum_loss_discriminator = 0;
  double epoch_seconds = 0;
  std::vector<SettingChange> changes;
};

struct StepResult {
  std::int64_t step = 0;   ///< from 1
  std::int64_t epoch = 0;  ///< from 1
  std::int64_t images = 0;
  double loss_generator = 0;
  double loss_discriminator = 0;
  double penalty = 0;  ///< mean |dD/dx|^2 of the real images and of the generated, added up
  double milliseconds = 0;
  bool ends_epoch = false;
};

/// The data set that a preset trains on. Throws Error.
Dataset read_dataset(const Config& config);

/// The settings stored in a checkpoint. Throws Error naming the file.
Config checkpoint_config(const std::string& path);

class Trainer {
 public:
  /// From scratch, with weights drawn from config.seed. Throws UsageError where data and preset do
  /// not fit; Error where config.data_checksum is that of other pictures.
  Trainer(const Config& config, Dataset dataset);
  ~Trainer();

  /// Resumes from a checkpoint made with the same networks. What config changes of the run's
  /// training is added to state().changes. Throws Error naming what does not fit.
  void load(const std::string& checkpoint);
  /// Takes over the weights of a checkpoint made with the same networks, and nothing else of it.
  void take_weights(const std::string& checkpoint);
  /// Writes a checkpoint, whole or not at all.
  void save(const std::string& path);

  StepResult train_step();
  /// count images in [-1, 1], [count, height, width, channels], in inference mode; the same for the
  /// same seed.
  std::vector<float> sample(std::int64_t count, std::uint64_t seed);

  /// With the data set's place and checksum.
  const Config& config() const;
  const Dataset& dataset() const;
  const TrainingState& state() const;
  std::int64_t steps_per_epoch() const;
  /// The number of steps config asks for.
  std::int64_t total_steps() const;
  std::string backend_description() const;
  std::int64_t generator_parameters() const;
  std::int64_t generator_moving_statistics() const;
  std::int64_t discriminator_parameters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dcgan
