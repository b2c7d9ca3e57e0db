// Batch normalisation of x [rows, channels] followed by LeakyReLU (or nothing: slope 1): training
// with moving averages, inference, backward (Ioffe and Szegedy, 2015; biased variance everywhere,
// as in Keras). Device pointers are multiples of 16 bytes.
#pragma once
#include "kernels/device/column_sums.h"
#include "kernels/gradient_sources.h"
#include "ops/batch_norm.h"

namespace dcgan::DCGAN_TARGET {

/// Parameters of y = (x - mean) * inv_std * gamma + beta; all [channels].
struct Normalisation {
  const float *mean, *inv_std, *gamma, *beta;
};

/// What backward reads of [rows, channels] and of [channels].
struct BackwardInputs {
  const float *x, *y, *dy, *mean, *inv_std;
  float slope;  // of LeakyReLU
};
struct ParameterGradients {
  const float *gamma, *dgamma, *dbeta;  // [channels]
};

/// x [rows, channels] = the sum of its parts + bias [channels], or null, and its statistics;
/// channels are a multiple of 4. scratch: plan_column_walk's for two sums.
void batch_norm_statistics(const BatchNormStatistics& of, const MatrixInParts& parts,
                           const float* bias, float* x, const Scratch& scratch,
                           cudaStream_t stream);

/// of.dy = the sum of its parts, and the sums over it, likewise.
void batch_norm_sums(const BatchNormSums& of, const MatrixInParts& parts, const Scratch& scratch,
                     cudaStream_t stream);

class BatchNormKernels {
 public:
  explicit BatchNormKernels(const BatchNormShape& shape);

  ScratchSize scratch() const;
  /// y = leaky(gamma * (x - mean) * inv_std + beta); mean and inv_std [channels] of the batch are
  /// written and blended into the moving ones.
  void forward_training(const float* x, const BatchNormParameters& t, float* mean, float* inv_std,
                        float* y, const Scratch& scratch, cudaStream_t stream) const;
  /// The same with the moving statistics.
  void forward_inference(const float* x, const BatchNormParameters& t, float* y,
                         const Scratch& scratch, cudaStream_t stream) const;
  /// dx (may be dy), dgamma and dbeta from dy, the gradient of y; all overwritten.
  void backward(const float* x, const float* y, const float* dy, const BatchNormParameters& t,
                const float* mean, const float* inv_std, float* dx, float* dgamma, float* dbeta,
                const Scratch& scratch, cudaStream_t stream) const;
  /// The second halves of the two: what is left where statistics, or dgamma and dbeta, are there.
  void normalise(const float* x, const Normalisation& s, float* y, cudaStream_t stream) const;
  void backward_from_sums(const BatchNormSums& of, const float* gamma, float* dx,
                          cudaStream_t stream) const;

 private:
  void gradient(const BackwardInputs& in, const ParameterGradients& p, float* dx,
                cudaStream_t stream) const;

  bool whole_;  // a block has whole columns
  ColumnWalk walk_;
  BatchNormShape shape_;
};

}  // namespace dcgan::DCGAN_TARGET
