// Which checkpoints of a run stay on the disk.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "dcgan/trainer.h"
#include "models/models.h"

namespace dcgan {

/// The epoch, from 1, whose mean losses come nearest to those of two networks that are equally
/// strong: a discriminator that says "one half" to everything has a loss of 2 ln 2, the generator
/// ln 2. 0 without a finite one. No judge of the pictures, but it knows a run that has got out of
/// balance.
std::int64_t most_balanced_epoch(const std::vector<EpochRecord>& history);

/// The epoch whose samples are nearest to the test images; 0 where none was evaluated.
std::int64_t nearest_epoch(const std::vector<EpochRecord>& history);

/// The epoch with the highest accuracy, on the test images if it was measured there; 0 without one.
std::int64_t most_accurate_epoch(const std::vector<EpochRecord>& history);

/// A run's checkpoints, of which the newest stay and the best.
class KeptCheckpoints {
 public:
  /// Those that the folder has of the steps up to `state`. keep: how many stay; 0: all. The task
  /// says which is best.
  KeptCheckpoints(const std::string& folder, std::int64_t keep, const TrainingState& state,
                  Task task = Task::gan);

  /// After `path` was written with `state`: removes those that are too many.
  void add(const std::string& path, const TrainingState& state);

 private:
  struct File {
    std::string path;
    EpochRecord epoch;  ///< at whose end it was written; number 0: in the middle of one
  };
  static File describe(const std::string& path, const TrainingState& state);

  std::int64_t keep_;
  Task task_;
  std::vector<File> files_;  ///< the oldest first
};

}  // namespace dcgan
