// Bias, activation and dropout behind a layer, forward and backward, in one pass over memory.
#pragma once
#include <cstddef>

#include "backend/backend.h"

namespace dcgan::cpu {

void epilogue_forward(const EpilogueForward& call);

/// Floats of scratch that epilogue_backward needs for a bias gradient.
std::size_t epilogue_scratch_floats(std::int64_t rows, std::int64_t channels);

void epilogue_backward(const EpilogueBackward& call, float* scratch);

}  // namespace dcgan::cpu
