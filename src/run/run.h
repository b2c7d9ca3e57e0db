// A run: training into a run folder with log, grids, plot, GIF and checkpoints.
#pragma once
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "dcgan/trainer.h"
#include "report/comparison.h"

namespace dcgan {

struct RunOptions {
  std::string directory;                    ///< the run folder; made if it is not there
  std::string checkpoint;                   ///< resume from this file; empty: from scratch
  const std::atomic<bool>* stop = nullptr;  ///< when set, the running step ends and state is saved
  std::function<void(const StepResult&, const Trainer&)> after_step;
  /// `grid` is the path of the epoch's picture.
  std::function<void(const EpochRecord&, const std::string& grid)> after_epoch;
};

struct RunOutcome {
  bool interrupted = false;
  std::string checkpoint;  ///< the newest one
  RunSummary summary;
};

/// Trains to the end that the trainer's config asks for. Throws Error where the folder, the log or
/// a checkpoint cannot be written.
RunOutcome run_training(Trainer& trainer, const RunOptions& options);

}  // namespace dcgan
