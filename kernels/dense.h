// Dense layers: x [batch, in] * kernel [in, out] -> z [batch, out], forward and backward. Device
// pointers are multiples of 16 bytes; results are overwritten; `scratch` has at least what
// scratch() says.
#pragma once
#include "kernels/dense_one_output.h"
#include "kernels/device/scratch.h"
#include "kernels/matmul/plan.h"
#include "ops/batch_norm.h"
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
  /// The same, and on through the epilogue of the layer before: before.dy becomes dz * kernel^T,
  /// and at once its dz. Where can_go_back_through(); scratch has at least what scratch_through()
  /// says.
  void backward_data_through(const float* dz, const float* kernel, const EpilogueBackward& before,
                             const Scratch& scratch, cudaStream_t stream) const;
  /// y = x * kernel + bias, and the statistics of y for the batch norm after it; bias: null, or
  /// [out]. Where can_make_.. says so, as does the next; scratch has at least what
  /// batch_norm_scratch() says.
  void forward_with_statistics(const float* x, const float* kernel, const float* bias, float* y,
                               const BatchNormStatistics& after, const Scratch& scratch,
                               cudaStream_t stream) const;
  /// before.dy = dz * kernel^T, and the sums over it for the batch norm before it.
  void backward_data_with_sums(const float* dz, const float* kernel, const BatchNormSums& before,
                               const Scratch& scratch, cudaStream_t stream) const;
  bool can_make_forward_statistics(const BatchNormShape& after) const;
  bool can_make_backward_sums(const BatchNormShape& before) const;
  ScratchSize batch_norm_scratch() const;
  bool can_go_back_through(const EpilogueBackward& before) const;
  ScratchSize scratch_through(const EpilogueBackward& before) const;
  /// dkernel = x^T * dz; scratch.floats holds weight_parts() times dkernel, if they are several.
  void backward_weights(const float* x, const float* dz, float* dkernel, const Scratch& scratch,
                        cudaStream_t stream) const;
  /// The parts alone, where they are several.
  void backward_weights_in_parts(const float* x, const float* dz, float* parts,
                                 cudaStream_t stream) const;
  int weight_parts() const { return one_output_.applies ? 1 : backward_weights_.splits; }
  std::int64_t weight_part_floats() const { return std::int64_t{in_} * out_; }

 private:
  template <bool vec4>
  auto forward_product(const float* x, const float* kernel, cudaStream_t stream) const;
  template <bool vec4>
  auto backward_data_product(const float* dz, const float* kernel, cudaStream_t stream) const;
  template <bool vec4>
  auto backward_weights_product(const float* x, const float* dz, cudaStream_t stream) const;

  int batch_, in_, out_;
  double bytes_;  // of x, kernel and y
  bool vec4_;
  Product forward_, backward_data_, backward_weights_;
  OneOutputPlan one_output_;
};

}  // namespace dcgan::DCGAN_TARGET
