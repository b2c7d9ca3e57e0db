// Replays a parity tape: given weights, images, noise and masks, exactly those steps.
#pragma once
#include <string>

#include "dcgan/config.h"

namespace dcgan {

struct ReplayFiles {
  std::string weights, tape, result;
};

/// Runs the tape's steps from the weights and writes losses, the first step's images and gradients,
/// and the final weights and moments. The config gives preset and hyper-parameters; its batch size
/// is the tape's. Throws Error naming file and tensor.
void replay(Config config, const ReplayFiles& files);

}  // namespace dcgan
