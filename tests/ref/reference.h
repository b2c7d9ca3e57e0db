// Naive references in double: nested loops, as the formulas stand. Shapes as in backend/backend.h.
#pragma once
#include <vector>

#include "backend/backend.h"

namespace dcgan::ref {

using Vector = std::vector<double>;

Vector dense(const DenseShape& s, const Vector& x, const Vector& kernel);
Vector dense_backward_data(const DenseShape& s, const Vector& dz, const Vector& kernel);
Vector dense_backward_weights(const DenseShape& s, const Vector& x, const Vector& dz);

Vector conv2d(const ConvShape& s, const Vector& x, const Vector& kernel);
Vector conv2d_backward_data(const ConvShape& s, const Vector& dz, const Vector& kernel);
Vector conv2d_backward_weights(const ConvShape& s, const Vector& x, const Vector& dz);

Vector conv_transpose2d(const ConvShape& s, const Vector& x, const Vector& kernel);
Vector conv_transpose2d_backward_data(const ConvShape& s, const Vector& dz, const Vector& kernel);
Vector conv_transpose2d_backward_weights(const ConvShape& s, const Vector& x, const Vector& dz);

/// Result, batch statistics and new moving statistics.
struct BatchNormForward {
  Vector y, mean, inv_std, moving_mean, moving_variance;
};
BatchNormForward batch_norm(const BatchNormShape& s, const Vector& x, const Vector& gamma,
                            const Vector& beta, const Vector& moving_mean,
                            const Vector& moving_variance);
Vector batch_norm_inference(const BatchNormShape& s, const Vector& x, const Vector& gamma,
                            const Vector& beta, const Vector& moving_mean,
                            const Vector& moving_variance);
struct BatchNormBackward {
  Vector dx, dgamma, dbeta;
};
BatchNormBackward batch_norm_backward(const BatchNormShape& s, const Vector& x, const Vector& gamma,
                                      const Vector& beta, const Vector& dy);

/// y of z; keep and bias may be empty.
Vector epilogue(const Epilogue& e, std::int64_t channels, const Vector& z, const Vector& bias,
                const std::vector<std::uint8_t>& keep);
struct EpilogueBackward {
  Vector dz, dbias;
};
/// From z (the input, not the result) and dy.
EpilogueBackward epilogue_backward(const Epilogue& e, std::int64_t channels, const Vector& z,
                                   const Vector& bias, const std::vector<std::uint8_t>& keep,
                                   const Vector& dy);

struct GanLosses {
  double generator, discriminator;
  Vector discriminator_adjoint, generator_adjoint, ratio;
};
/// From logits [2 * batch]: real, then fake.
GanLosses gan_loss(const Vector& logits, double real_target, double fake_target,
                   double generator_target);
/// Of the pairs of a real and a fake one.
GanLosses relativistic_loss(const Vector& logits, double real_target, double generator_target);

struct SoftmaxLosses {
  double loss, right;
  Vector adjoint;
};
/// From logits [labels.size(), classes].
SoftmaxLosses softmax_loss(const Vector& logits, const std::vector<int>& labels);

/// One step in place; t counts from 1.
void adam(const AdamConfig& config, std::int64_t t, const Vector& gradient, Vector& m, Vector& v,
          Vector& parameter);

/// From a and b [rows, size]; a_scale may be empty.
Vector weighted_sum(std::int64_t rows, double a_factor, const Vector& a_scale, const Vector& a,
                    double b_factor, const Vector& b);

/// By Box and Muller: four values from each block of Philox.
Vector normal(const RandomAddress& address, std::int64_t n);
/// Eight values from each block: 16 bits >= round(dropout_rate * 2^16).
std::vector<std::uint8_t> keep_mask(const RandomAddress& address, float dropout_rate,
                                    std::int64_t n);

}  // namespace dcgan::ref
