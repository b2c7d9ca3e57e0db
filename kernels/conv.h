// Convolutions x [batch, height, width, in] -> z [batch, out_height, out_width, out], kernel
// [size, size, in, out], padding 'same' as in Keras, stride 1 or 2; forward and backward. A
// transposed convolution is the same with x and z exchanged. Device pointers are multiples of 16
// bytes; results are overwritten; `scratch` has at least what scratch() says.
#pragma once
#include "kernels/conv_one_channel.h"
#include "kernels/device/scratch.h"
#include "kernels/epilogue_parameters.h"
#include "kernels/matmul/plan.h"
#include "ops/batch_norm.h"
#include "ops/convolution.h"

namespace dcgan::DCGAN_TARGET {

class ConvKernels {
 public:
  /// `s` is a conv2d. One of images of one channel is computed in fp32 in any case.
  explicit ConvKernels(const ConvShape& shape, Precision precision = Precision::fp32);

  ScratchSize scratch() const;
  /// z = epilogue(conv(x, kernel))
  void forward(const float* x, const float* kernel, const EpilogueParameters& epilogue, float* z,
               const Scratch& scratch, cudaStream_t stream) const;
  /// dx = epilogue(the adjoint of conv at dz): with an epilogue, a transposed convolution's
  /// forward.
  void backward_data(const float* dz, const float* kernel, const EpilogueParameters& epilogue,
                     float* dx, const Scratch& scratch, cudaStream_t stream) const;
  void backward_data(const float* dz, const float* kernel, float* dx, const Scratch& scratch,
                     cudaStream_t stream) const {
    backward_data(dz, kernel, {}, dx, scratch, stream);
  }
  /// The same, and on through the epilogue of the layer before: before.dy becomes conv(x, kernel)
  /// or its adjoint at dz, and at once its dz. Where can_go_.. says so; scratch has at least what
  /// scratch_through() says.
  void forward_through(const float* x, const float* kernel, const EpilogueBackward& before,
                       const Scratch& scratch, cudaStream_t stream) const;
  void backward_data_through(const float* dz, const float* kernel, const EpilogueBackward& before,
                             const Scratch& scratch, cudaStream_t stream) const;
  /// z = conv(x, kernel) + bias, and the statistics of z for the batch norm after it; bias: null,
  /// or [out]. backward_data_.. likewise of dx. Where can_make_.. says so, as do the next two;
  /// scratch has at least what batch_norm_scratch() says.
  void forward_with_statistics(const float* x, const float* kernel, const float* bias, float* z,
                               const BatchNormStatistics& after, const Scratch& scratch,
                               cudaStream_t stream) const;
  void backward_data_with_statistics(const float* dz, const float* kernel, const float* bias,
                                     float* dx, const BatchNormStatistics& after,
                                     const Scratch& scratch, cudaStream_t stream) const;
  /// before.dy = conv(x, kernel) or its adjoint at dz, and the sums over it for the batch norm
  /// before it.
  void forward_with_sums(const float* x, const float* kernel, const BatchNormSums& before,
                         const Scratch& scratch, cudaStream_t stream) const;
  void backward_data_with_sums(const float* dz, const float* kernel, const BatchNormSums& before,
                               const Scratch& scratch, cudaStream_t stream) const;
  bool can_make_forward_statistics(const BatchNormShape& after) const;
  bool can_make_backward_statistics(const BatchNormShape& after) const;
  bool can_make_forward_sums(const BatchNormShape& before) const;
  bool can_make_backward_sums(const BatchNormShape& before) const;
  ScratchSize batch_norm_scratch() const;
  bool can_go_forward_through(const EpilogueBackward& before) const;
  bool can_go_back_through(const EpilogueBackward& before) const;
  ScratchSize scratch_through(const EpilogueBackward& before) const;
  /// dkernel, summed over the batch; scratch.floats holds weight_parts() times dkernel, if they are
  /// several.
  void backward_weights(const float* x, const float* dz, float* dkernel, const Scratch& scratch,
                        cudaStream_t stream) const;
  /// The parts alone, where they are several.
  void backward_weights_in_parts(const float* x, const float* dz, float* parts,
                                 cudaStream_t stream) const;
  int weight_parts() const {
    return one_channel_.parts > 0 ? one_channel_.parts : backward_weights_.splits;
  }
  std::int64_t weight_part_floats() const {
    return std::int64_t{g_.size} * g_.size * g_.in * g_.out;
  }

  static constexpr int most_classes = 4;  // stride 2 in two dimensions

 private:
  Work work(const char* name) const { return {name, bytes_, fmas_}; }
  int classes() const { return g_.stride * g_.stride; }
  std::int64_t positions() const { return std::int64_t{g_.batch} * g_.out_height * g_.out_width; }
  std::int64_t pixels() const { return std::int64_t{g_.batch} * g_.height * g_.width; }
  template <bool vec4>
  auto forward_product(const float* x, const float* kernel, cudaStream_t stream) const;
  template <bool vec4>
  auto backward_data_product(const float* dz, const float* kernel, cudaStream_t stream) const;
  template <bool vec4>
  auto backward_weights_product(const float* x, const float* dz, cudaStream_t stream) const;

  ConvGeometry g_;
  double bytes_, fmas_;  // of x, kernel and z; of one direction, edges counted in full
  bool vec4_;
  Product forward_, backward_data_, backward_weights_;
  OneChannelPlan one_channel_;
};

}  // namespace dcgan::DCGAN_TARGET
