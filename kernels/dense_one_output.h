// Dense layers with one output, x [batch, in] -> z [batch], where a kernel is a vector: kernels of
// their own, as a tile of the matrix product would be empty but for one column.
#pragma once
#include "kernels/device/column_sums.h"
#include "kernels/epilogue_parameters.h"
#include "ops/dense.h"

namespace dcgan::DCGAN_TARGET {

struct OneOutputPlan {
  bool applies = false;  // one output, in a multiple of 4
  ColumnWalk walk{};     // over x, for the weights' gradient
  ScratchSize scratch;
  double bytes = 0, fmas = 0;  // of each direction
};

OneOutputPlan plan_one_output(const DenseShape& shape);

void one_output_forward(const OneOutputPlan& plan, const float* x, const float* kernel,
                        const EpilogueParameters& epilogue, float* y, cudaStream_t stream);
void one_output_backward_data(const OneOutputPlan& plan, const float* dz, const float* kernel,
                              float* dx, cudaStream_t stream);
void one_output_backward_weights(const OneOutputPlan& plan, const float* x, const float* dz,
                                 float* dkernel, const Scratch& scratch, cudaStream_t stream);

}  // namespace dcgan::DCGAN_TARGET
