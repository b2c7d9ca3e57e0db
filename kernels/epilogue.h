// What follows a layer's arithmetic, y = dropout(activation(z + bias)), as kernels of its own:
// forward where it could not be fused, and backward with the bias gradient.
#pragma once
#include "kernels/epilogue_parameters.h"

namespace dcgan::DCGAN_TARGET {

/// y = epilogue(y) in place; y [rows, channels].
void epilogue_forward(const EpilogueParameters& epilogue, std::int64_t rows, std::int64_t channels,
                      float* y, cudaStream_t stream);

/// Floats of workspace that epilogue_backward wants for a bias gradient.
std::size_t epilogue_workspace_floats(std::int64_t rows, std::int64_t channels);

/// dy, the gradient of y, becomes dz, that of the epilogue's input, in place. sample_scale, if not
/// null, multiplies the gradients of each sample of rows_per_sample rows. dbias [channels], if not
/// null, is overwritten with the sums of dz over the rows.
void epilogue_backward(const EpilogueParameters& epilogue, std::int64_t rows, std::int64_t channels,
                       const float* y, const float* sample_scale, std::int64_t rows_per_sample,
                       float* dy, float* dbias, float* workspace, cudaStream_t stream);

}  // namespace dcgan::DCGAN_TARGET
