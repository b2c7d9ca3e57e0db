// Convolutions of an image with one channel, x [batch, height, width, 1] -> z [.., out]: little
// arithmetic per byte, so kernels of their own instead of a matrix product with most of its tile
// empty.
#pragma once
#include "kernels/conv_geometry.h"
#include "kernels/device/scratch.h"
#include "kernels/epilogue_parameters.h"
#include "ops/batch_norm.h"

namespace dcgan::DCGAN_TARGET {

struct OneChannelPlan {
  bool applies = false;  // one channel in, out a multiple of 4, an image fits shared memory
  bool sums = false;     // forward can make sums over z for a batch norm
  int parts = 0;  // of the batch, for the weights' gradient; 0: the matrix product computes it
};

OneChannelPlan plan_one_channel(const ConvGeometry& g);

void one_channel_forward(Work work, const ConvGeometry& g, const float* x, const float* kernel,
                         const EpilogueParameters& epilogue, float* z, cudaStream_t stream);
/// before.dy = conv(x, kernel), and the sums over it.
void one_channel_forward(Work work, const ConvGeometry& g, const float* x, const float* kernel,
                         const BatchNormSums& before, const Scratch& scratch, cudaStream_t stream);
ScratchSize one_channel_sums_scratch(const ConvGeometry& g);
void one_channel_backward_data(Work work, const ConvGeometry& g, const float* dz,
                               const float* kernel, const EpilogueParameters& epilogue, float* dx,
                               cudaStream_t stream);
/// And on through the epilogue of the layer before, which has no bias: before.dy becomes its dz.
void one_channel_backward_data(Work work, const ConvGeometry& g, const float* dz,
                               const float* kernel, const EpilogueBackward& before,
                               cudaStream_t stream);
/// The kernel's gradient in plan.parts parts [size, size, out].
void one_channel_backward_weights(const Work& work, const ConvGeometry& g,
                                  const OneChannelPlan& plan, const float* x, const float* dz,
                                  float* parts, cudaStream_t stream);

}  // namespace dcgan::DCGAN_TARGET
