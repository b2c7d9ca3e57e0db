// Bias, activation and dropout behind a layer, forward and backward, in one pass over memory.
#pragma once
#include <cstddef>

#include "backend/backend.h"

namespace dcgan::cpu {

void epilogue_forward(const Epilogue& e, std::int64_t rows, std::int64_t channels,
                      const float* bias, const std::uint8_t* keep, float* y);

/// Floats of scratch that epilogue_backward needs for a bias gradient.
std::size_t epilogue_scratch_floats(std::int64_t rows, std::int64_t channels);

void epilogue_backward(const Epilogue& e, std::int64_t rows, std::int64_t channels, const float* y,
                       const std::uint8_t* keep, const float* sample_scale,
                       std::int64_t sample_size, float* dy, float* dbias, float* scratch);

}  // namespace dcgan::cpu
