// Signs that a training has gone wrong.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "dcgan/trainer.h"

namespace dcgan {

/// What has become of a step that no training recovers from: a measure that is not finite. Empty
/// otherwise.
std::string divergence(const StepResult& step, const std::vector<std::string>& measure_names);

/// Watches for the two ways in which a GAN fails without a NaN. It warns, once of each: whether to
/// go on is the user's decision.
class CollapseWatch {
 public:
  explicit CollapseWatch(const Dataset& dataset);

  /// A warning with the step and what to try, or nothing. `samples`: pictures in [-1, 1] of the
  /// epoch's end, one after the other.
  std::string after_epoch(const EpochRecord& epoch, std::int64_t step,
                          const std::vector<float>& samples);

 private:
  std::string of_losses(const EpochRecord& epoch);
  std::string of_pictures(const std::vector<float>& samples);

  std::int64_t image_size_;
  double real_spread_;
  bool warned_of_losses_ = false, warned_of_pictures_ = false;
};

/// How much pictures of `size` values differ from each other: the standard deviation of a value
/// over the pictures, averaged over the values.
double spread(const std::vector<float>& pictures, std::int64_t size);

}  // namespace dcgan
