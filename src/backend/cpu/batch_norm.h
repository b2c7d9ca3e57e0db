// Batch normalisation followed by LeakyReLU (Ioffe and Szegedy, 2015), in Keras's form.
#pragma once
#include <memory>

#include "backend/backend.h"

namespace dcgan::cpu {

std::unique_ptr<BatchNormOp> make_batch_norm(const BatchNormShape&);

}  // namespace dcgan::cpu
