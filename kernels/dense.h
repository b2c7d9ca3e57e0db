// Dense layers: x [batch, in] * kernel [in, out] -> z [batch, out], forward and backward. Device
// pointers are multiples of 16 bytes; results are overwritten; `scratch` has at least what
// scratch() says.
#pragma once
#include "kernels/dense_one_output.h"
#include "kernels/device/scratch.h"
#include "kernels/matmul/plan.h"
#include "ops/dense.h"

namespace dcgan::DCGAN_TARGET {

class DenseKernels {
 public:
  /// A layer with one output is computed in fp32 in any case.
  explicit DenseKernels(const DenseShape& shape, Precision precision = Precision::fp32);

  ScratchSize scratch() const;
  /// y = epilogue(x * kernel)
  void forward(const float* x, const float* kernel, const EpilogueParameters& epilogue, float* y,
               const Scratch& scratch, cudaStream_t stream) const;
  /// dx = dz * kernel^T
  void backward_data(const float* dz, const float* kernel, float* dx, const Scratch& scratch,
                     cudaStream_t stream) const;
  /// dkernel = x^T * dz
  void backward_weights(const float* x, const float* dz, float* dkernel, const Scratch& scratch,
                        cudaStream_t stream) const;

 private:
  int batch_, in_, out_;
  double bytes_;  // of x, kernel and y
  bool vec4_;
  Product forward_, backward_data_, backward_weights_;
  OneOutputPlan one_output_;
};

}  // namespace dcgan::DCGAN_TARGET
