// The end of a training step.
#pragma once
#include "backend/backend.h"

namespace dcgan::cpu {

void end_step(const EndStep& end);

}  // namespace dcgan::cpu
