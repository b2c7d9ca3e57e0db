// A shuffled batch out of the data set, normalised to [-1, 1].
#pragma once
#include "backend/backend.h"

namespace dcgan::cpu {

void gather(const Gather& gather);

}  // namespace dcgan::cpu
