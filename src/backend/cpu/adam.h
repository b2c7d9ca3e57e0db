// Adam (Kingma and Ba, 2015) over a network's flat buffers, in Keras's form.
#pragma once
#include "backend/backend.h"

namespace dcgan::cpu {

void adam(const AdamConfig& config, std::int64_t t, std::int64_t n, const float* gradient, float* m,
          float* v, float* parameter);

}  // namespace dcgan::cpu
