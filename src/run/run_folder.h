// The files of a run folder: log, settings, pictures; and where its grids and checkpoints lie.
#pragma once
#include <fstream>
#include <string>
#include <vector>

#include "dcgan/trainer.h"

namespace dcgan {

struct ImageBatch;

class RunFolder {
 public:
  /// Opens or makes the folder. Throws Error if it cannot be written. With `resumed_from` (a
  /// checkpoint, perhaps of another folder) the log and grids up to `state` are kept or brought
  /// over and what came later is dropped; without it an older log is replaced.
  RunFolder(const std::string& directory, const std::string& resumed_from,
            const TrainingState& state);

  const std::string& directory() const { return directory_; }
  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  std::string grid_path(std::int64_t epoch) const;
  std::string checkpoint_path(const TrainingState& state) const;

  void log(const StepResult& step);
  void log(const EpochRecord& epoch, const std::string& grid);
  /// Throws Error if what was logged did not reach the disk.
  void flush();

  void write_config(const Config& config) const;
  void write_real_samples(const Dataset& dataset) const;
  /// 16 images as the epoch's titled 4x4 grid.
  void write_grid(std::int64_t epoch, const ImageBatch& images) const;
  void write_plot(const std::string& title, const std::vector<EpochRecord>& history) const;
  /// training.gif from the grids of epochs 1 to `last`, those that are there.
  void write_gif(std::int64_t last) const;

 private:
  std::string directory_;
  std::ofstream log_;
};

}  // namespace dcgan
