// What follows a layer's arithmetic, y = dropout(activation(z + bias)), as kernels of its own:
// forward where it could not be fused, and backward with the bias gradient.
#pragma once
#include "kernels/device/scratch.h"
#include "kernels/gradient_sources.h"
#include "ops/epilogue.h"

namespace dcgan::DCGAN_TARGET {

void epilogue_forward(const EpilogueForward& call, cudaStream_t stream);

/// What epilogue_backward needs for a bias gradient.
ScratchSize epilogue_scratch(std::int64_t rows, std::int64_t channels);

/// sample_size is a multiple of channels. dbias is overwritten.
void epilogue_backward(const EpilogueBackward& call, const Scratch& scratch, cudaStream_t stream);
/// The same of a gradient from elsewhere, which takes so many bytes and multiply-adds; call.dy
/// becomes dz. Scratch must not lie where the source is.
void epilogue_backward(const EpilogueBackward& call, const GradientSource& source,
                       double source_bytes, double fmas, const Scratch& scratch,
                       cudaStream_t stream);

}  // namespace dcgan::DCGAN_TARGET
