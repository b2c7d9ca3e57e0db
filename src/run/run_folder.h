// The files of a run folder: log, settings, pictures; and where its grids and checkpoints lie.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "dcgan/trainer.h"
#include "evaluate/report.h"
#include "io/append_file.h"

namespace dcgan {

struct ImageBatch;

/// One thread may write lines while another makes the log durable and draws.
class RunFolder {
 public:
  /// Opens or creates the folder. Throws Error if it cannot be written. With `resumed_from` (a
  /// checkpoint, perhaps of another folder) the log and grids up to `state` are kept or copied and
  /// later ones dropped; without it log and pictures of an older run go.
  RunFolder(const std::string& directory, const std::string& resumed_from,
            const TrainingState& state);

  const std::string& directory() const { return directory_; }
  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  std::string grid_path(std::int64_t epoch) const;
  /// Whether the epoch has a grid that can be shown.
  bool has_grid(std::int64_t epoch) const;
  std::string checkpoint_path(const TrainingState& state) const;
  /// Of the end of an epoch.
  std::string checkpoint_path(std::int64_t epoch) const;

  /// A line is in the file at once. Throw Error.
  void log(const StepResult& step, const std::vector<std::string>& measure_names);
  /// `grid`: the path of its picture; empty: it has none.
  void log(const EpochRecord& epoch, const std::vector<std::string>& measure_names,
           const std::string& grid, const std::optional<Evaluation>& evaluation = {});
  /// A line for what has been changed at the state's step, if anything has.
  void log_changes(const TrainingState& state);
  /// Makes the log durable. Throws Error.
  void sync_log() { log_.sync(); }

  /// With the history of settings that resumed runs have changed.
  void write_config(const Config& config, const TrainingState& state) const;
  void write_real_samples(const Dataset& dataset) const;
  /// 16 images as the epoch's titled 4x4 grid.
  void write_grid(std::int64_t epoch, const ImageBatch& images) const;
  /// evaluation.png: the Frechet distances of those epochs that have one; nothing if none has.
  void write_distances(const std::string& preset, const std::vector<EpochRecord>& history) const;
  /// losses.png: of a GAN both losses, of a classifier also accuracies.
  void write_losses(const std::string& preset, const std::vector<EpochRecord>& history) const;
  /// predictions.png: what a classifier says of images, by its probabilities [count, classes].
  void write_predictions(const Dataset& images, const std::vector<float>& probabilities) const;
  /// training.gif from those grids of epochs 1 to `last` that can be shown.
  void write_gif(std::int64_t last);
  /// Appends the grid of `last` to what write_gif has made or this has extended; where that is not
  /// what is there, the GIF is made anew.
  void extend_gif(std::int64_t last);

 private:
  std::string directory_;
  AppendFile log_;
  std::uintmax_t gif_bytes_ = 0;  ///< of the GIF that was written; 0: none was
};

}  // namespace dcgan
