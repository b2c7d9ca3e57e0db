// Replays a parity tape: given weights, images and all that is random, exactly those steps.
#pragma once
#include <string>

#include "dcgan/config.h"

namespace dcgan {

struct ReplayFiles {
  std::string weights, tape, result;
};

/// Runs the tape's steps from the weights and writes what they measure, the first step's gradients
/// and generated images, and the final weights and moments. The config gives preset and
/// hyper-parameters; its batch size is the tape's. Throws Error naming file and tensor.
void replay(const Config& config, const ReplayFiles& files);

}  // namespace dcgan
