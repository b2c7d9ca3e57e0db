// What a run's samples are worth, measured at the ends of epochs.
#pragma once
#include <cstdint>
#include <memory>

#include "dcgan/trainer.h"
#include "evaluate/report.h"

namespace dcgan {

class RunEvaluator {
 public:
  /// Reads the test images and judges all real ones, if the trainer's settings ask for evaluations.
  /// Throws UsageError for a preset whose pictures cannot be judged, Error without test images.
  explicit RunEvaluator(Trainer& trainer);
  ~RunEvaluator();

  /// Whether an epoch has a turn: every n-th, and the run's last.
  bool has_turn(std::int64_t epoch, bool last_of_run) const;
  /// Of the samples that the trainer makes now: as many as there are test images, at most 10,000.
  Evaluation evaluate();

 private:
  struct Impl;
  Trainer& trainer_;
  std::unique_ptr<Impl> impl_;  ///< null: nothing is asked for
};

}  // namespace dcgan
