// Adam over a network's flat buffers.
#pragma once
#include "backend/backend.h"

namespace dcgan::cpu {

void adam(const AdamStep& step);

}  // namespace dcgan::cpu
