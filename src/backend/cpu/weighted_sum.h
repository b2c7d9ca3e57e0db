// The sum of two weighted arrays.
#pragma once
#include "backend/backend.h"

namespace dcgan::cpu {

void weighted_sum(const WeightedSum& sum);

}  // namespace dcgan::cpu
