// A shuffled batch out of the data set, as floats of a range.
#pragma once
#include "backend/backend.h"

namespace dcgan::cpu {

void gather(const Gather& gather);

}  // namespace dcgan::cpu
