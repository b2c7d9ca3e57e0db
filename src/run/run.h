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
  std::string directory;                    ///< the run folder; created if missing
  std::string checkpoint;                   ///< resume from this file; empty: from scratch
  const std::atomic<bool>* stop = nullptr;  ///< when set, the running step ends and state is saved
  std::function<void(const StepResult&, const Trainer&)> after_step;
  /// `grid` is the path of the epoch's picture, which is drawn while the training goes on.
  std::function<void(const EpochRecord&, const std::string& grid)> after_epoch;
};

struct RunOutcome {
  bool interrupted = false;
  std::string checkpoint;  ///< the newest one
  RunSummary summary;
};

/// Trains for as many steps as the trainer's config asks for. Pictures and checkpoints are written
/// by another thread, all of them when this returns or throws. Throws Error if the folder, the log,
/// a picture or a checkpoint cannot be written; the state is saved then, where that can be done.
RunOutcome run_training(Trainer& trainer, const RunOptions& options);

}  // namespace dcgan
