// Batch normalisation and the epilogue.
#include <cmath>

#include "ref/reference.h"

namespace dcgan::ref {
namespace {

double activate(Activation a, double slope, double z) {
  if (a == Activation::leaky_relu) return z > 0 ? z : slope * z;
  if (a == Activation::tanh) return std::tanh(z);
  return z;
}
double derivative(Activation a, double slope, double z) {
  if (a == Activation::leaky_relu) return z > 0 ? 1 : slope;
  if (a == Activation::tanh) return 1 - std::tanh(z) * std::tanh(z);
  return 1;
}
double widened(float v) { return static_cast<double>(v); }

Vector normalised(const BatchNormShape& s, const Vector& x, const Vector& mean,
                  const Vector& inv_std) {
  const auto channels = static_cast<std::size_t>(s.channels);
  Vector out(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    out[i] = (x[i] - mean[i % channels]) * inv_std[i % channels];
  return out;
}

Vector finish(const BatchNormShape& s, Vector v, const Vector& gamma, const Vector& beta) {
  const auto channels = static_cast<std::size_t>(s.channels);
  for (std::size_t i = 0; i < v.size(); ++i)
    v[i] =
        activate(s.activation, widened(s.slope), v[i] * gamma[i % channels] + beta[i % channels]);
  return v;
}

}  // namespace

BatchNormForward batch_norm(const BatchNormShape& s, const Vector& x, const Vector& gamma,
                            const Vector& beta, const Vector& moving_mean,
                            const Vector& moving_variance) {
  const auto channels = static_cast<std::size_t>(s.channels);
  const auto rows = static_cast<double>(s.rows);
  BatchNormForward f;
  f.mean.assign(channels, 0);
  f.inv_std = f.moving_mean = f.moving_variance = f.mean;
  // Divided once, so that the mean of a constant channel is exact.
  for (std::size_t i = 0; i < x.size(); ++i) f.mean[i % channels] += x[i];
  for (double& mean : f.mean) mean /= rows;
  Vector variance(channels);
  for (std::size_t i = 0; i < x.size(); ++i)
    variance[i % channels] += std::pow(x[i] - f.mean[i % channels], 2) / rows;
  const double momentum = widened(s.momentum);
  for (std::size_t c = 0; c < channels; ++c) {
    f.inv_std[c] = 1 / std::sqrt(variance[c] + widened(s.epsilon));
    f.moving_mean[c] = momentum * moving_mean[c] + (1 - momentum) * f.mean[c];
    f.moving_variance[c] = momentum * moving_variance[c] + (1 - momentum) * variance[c];
  }
  f.y = finish(s, normalised(s, x, f.mean, f.inv_std), gamma, beta);
  return f;
}

Vector batch_norm_inference(const BatchNormShape& s, const Vector& x, const Vector& gamma,
                            const Vector& beta, const Vector& moving_mean,
                            const Vector& moving_variance) {
  Vector inv_std(moving_variance.size());
  for (std::size_t c = 0; c < inv_std.size(); ++c)
    inv_std[c] = 1 / std::sqrt(moving_variance[c] + widened(s.epsilon));
  return finish(s, normalised(s, x, moving_mean, inv_std), gamma, beta);
}

BatchNormBackward batch_norm_backward(const BatchNormShape& s, const Vector& x, const Vector& gamma,
                                      const Vector& beta, const Vector& dy) {
  const auto channels = static_cast<std::size_t>(s.channels);
  const auto rows = static_cast<double>(s.rows);
  const BatchNormForward f = batch_norm(s, x, gamma, beta, Vector(channels), Vector(channels));
  const Vector v = normalised(s, x, f.mean, f.inv_std);
  BatchNormBackward b{Vector(x.size()), Vector(channels), Vector(channels)};
  Vector g(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t c = i % channels;
    g[i] = dy[i] * derivative(s.activation, widened(s.slope), v[i] * gamma[c] + beta[c]);
    b.dbeta[c] += g[i];
    b.dgamma[c] += g[i] * v[i];
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t c = i % channels;
    b.dx[i] = gamma[c] * f.inv_std[c] * (g[i] - b.dbeta[c] / rows - v[i] * b.dgamma[c] / rows);
  }
  return b;
}

Vector epilogue(const Epilogue& e, std::int64_t channels, const Vector& z, const Vector& bias,
                const std::vector<std::uint8_t>& keep) {
  Vector y(z.size());
  for (std::size_t i = 0; i < z.size(); ++i) {
    const double b = e.bias ? bias[i % static_cast<std::size_t>(channels)] : 0;
    y[i] = activate(e.activation, widened(e.slope), z[i] + b);
    if (e.dropout_rate > 0 && !keep.empty())
      y[i] = keep[i] ? y[i] / (1 - widened(e.dropout_rate)) : 0;
  }
  return y;
}

EpilogueBackward epilogue_backward(const Epilogue& e, std::int64_t channels, const Vector& z,
                                   const Vector& bias, const std::vector<std::uint8_t>& keep,
                                   const Vector& dy) {
  EpilogueBackward b{Vector(z.size()), Vector(static_cast<std::size_t>(channels))};
  for (std::size_t i = 0; i < z.size(); ++i) {
    const std::size_t c = i % static_cast<std::size_t>(channels);
    double g = dy[i];
    if (e.dropout_rate > 0 && !keep.empty()) g = keep[i] ? g / (1 - widened(e.dropout_rate)) : 0;
    b.dz[i] = g * derivative(e.activation, widened(e.slope), z[i] + (e.bias ? bias[c] : 0));
    b.dbias[c] += b.dz[i];
  }
  return b;
}

}  // namespace dcgan::ref
