// A run's curves in event files.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dcgan/trainer.h"
#include "evaluate/report.h"
#include "run/event_file.h"

namespace dcgan {

/// With the setting `tensorboard`: what the log has of steps and epochs, over the training's steps.
/// An unbroken run has one file, a resumed one another each time. One that ended within an epoch
/// has a point of it there, and keeps that; resumed with nothing to do, an equal second one. All
/// throw Error.
class RunEvents {
 public:
  /// Of a run that goes on in the folder from `resumed_from` (a checkpoint, perhaps of another
  /// folder, whose files are copied), or of a new one: then files of an older run go.
  RunEvents(const std::string& folder, const std::string& resumed_from, const Config& config,
            const TrainingState& state);

  void log(const StepResult& step, const std::vector<std::string>& measure_names);
  /// Of an epoch that has ended with `step`.
  void log(const EpochRecord& epoch, std::int64_t step,
           const std::vector<std::string>& measure_names,
           const std::optional<Evaluation>& evaluation);
  /// Makes them durable.
  void sync();

 private:
  bool wanted_;
  std::optional<EventFile> file_;
};

}  // namespace dcgan
