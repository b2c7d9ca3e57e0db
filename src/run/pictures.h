// What a run draws: of a GAN grids of samples, their animation and the losses; of a classifier its
// losses and accuracies, and what it says of some images.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dcgan/trainer.h"
#include "run/run_folder.h"

namespace dcgan {

class Pictures {
 public:
  virtual ~Pictures() = default;
  /// Where the epoch's own picture is drawn; empty: epochs have none.
  virtual std::string of_epoch(std::int64_t epoch) const = 0;
  /// Of the end of the last of `epochs`, or of the run within it: takes from the trainer what is to
  /// be seen. What is returned draws it, and may do so in another thread while the trainer goes on;
  /// pictures are drawn one at a time. Both throw Error.
  virtual std::function<void()> take(std::vector<EpochRecord> epochs) = 0;
  /// A run that was killed, or whose disk was full, may lack pictures, or show old ones: those of
  /// the epochs that have a turn are drawn anew where that can be done.
  virtual void draw_what_is_missing() = 0;
};

/// Whether an epoch has a picture: every n-th, and the run's last.
bool draws_epoch(std::int64_t epoch, const Config& config, bool last_of_run);

/// Those of the trainer's preset. Both must outlive them.
std::unique_ptr<Pictures> make_pictures(Trainer& trainer, RunFolder& folder);

}  // namespace dcgan
