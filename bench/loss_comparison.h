// Compares the losses of a few training steps on two backends: is what is timed also right?
#pragma once
#include <string>
#include <vector>

#include "dcgan/config.h"
#include "train/gan.h"

namespace dcgan::bench {

struct LossComparison {
  std::vector<StepLosses> here, there;  ///< per step

  /// Of |here - there| / max(1, |there|), over both losses of all steps; NaN where a loss is NaN.
  double largest_difference() const;
  /// Float arithmetic in another order moves the losses of two steps by some 1e-6.
  bool agrees() const { return largest_difference() <= 1e-4; }
};

/// Runs `steps` steps of `config` on config.backend and on `other`: same seed, same images.
LossComparison compare_losses(const Config& config, const std::string& other, int steps);

}  // namespace dcgan::bench
