// Dense, conv2d, conv_transpose2d.
#include <algorithm>

#include "ref/reference.h"

namespace dcgan::ref {
namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// Calls f(index of x, index of kernel, index of z) for every product of a convolution.
template <class F>
void convolution_products(const ConvShape& s, F f) {
  const std::int64_t H = s.out_height(), W = s.out_width();
  const auto padding = [&](std::int64_t in, std::int64_t out) {
    return std::max<std::int64_t>((out - 1) * s.stride + s.kernel - in, 0) / 2;
  };
  const std::int64_t top = padding(s.height, H), left = padding(s.width, W);
  for (std::int64_t n = 0; n < s.batch; ++n)
    for (std::int64_t oh = 0; oh < H; ++oh)
      for (std::int64_t ow = 0; ow < W; ++ow)
        for (std::int64_t kh = 0; kh < s.kernel; ++kh)
          for (std::int64_t kw = 0; kw < s.kernel; ++kw) {
            const std::int64_t ih = oh * s.stride + kh - top, iw = ow * s.stride + kw - left;
            if (ih < 0 || ih >= s.height || iw < 0 || iw >= s.width) continue;
            for (std::int64_t i = 0; i < s.in; ++i)
              for (std::int64_t o = 0; o < s.out; ++o)
                f(at(((n * s.height + ih) * s.width + iw) * s.in + i),
                  at(((kh * s.kernel + kw) * s.in + i) * s.out + o),
                  at(((n * H + oh) * W + ow) * s.out + o));
          }
}

/// The convolution whose adjoint a transposed convolution is.
ConvShape adjoint(const ConvShape& s) {
  return {s.batch, s.height * s.stride, s.width * s.stride, s.out, s.in, s.kernel, s.stride};
}

}  // namespace

Vector dense(const DenseShape& s, const Vector& x, const Vector& kernel) {
  Vector z(at(s.batch * s.out));
  for (std::int64_t n = 0; n < s.batch; ++n)
    for (std::int64_t i = 0; i < s.in; ++i)
      for (std::int64_t o = 0; o < s.out; ++o)
        z[at(n * s.out + o)] += x[at(n * s.in + i)] * kernel[at(i * s.out + o)];
  return z;
}
Vector dense_backward_data(const DenseShape& s, const Vector& dz, const Vector& kernel) {
  Vector dx(at(s.batch * s.in));
  for (std::int64_t n = 0; n < s.batch; ++n)
    for (std::int64_t i = 0; i < s.in; ++i)
      for (std::int64_t o = 0; o < s.out; ++o)
        dx[at(n * s.in + i)] += dz[at(n * s.out + o)] * kernel[at(i * s.out + o)];
  return dx;
}
Vector dense_backward_weights(const DenseShape& s, const Vector& x, const Vector& dz) {
  Vector dkernel(at(s.in * s.out));
  for (std::int64_t n = 0; n < s.batch; ++n)
    for (std::int64_t i = 0; i < s.in; ++i)
      for (std::int64_t o = 0; o < s.out; ++o)
        dkernel[at(i * s.out + o)] += x[at(n * s.in + i)] * dz[at(n * s.out + o)];
  return dkernel;
}

Vector conv2d(const ConvShape& s, const Vector& x, const Vector& kernel) {
  Vector z(at(s.y_size()));
  convolution_products(
      s, [&](std::size_t i, std::size_t k, std::size_t o) { z[o] += x[i] * kernel[k]; });
  return z;
}
Vector conv2d_backward_data(const ConvShape& s, const Vector& dz, const Vector& kernel) {
  Vector dx(at(s.x_size()));
  convolution_products(
      s, [&](std::size_t i, std::size_t k, std::size_t o) { dx[i] += dz[o] * kernel[k]; });
  return dx;
}
Vector conv2d_backward_weights(const ConvShape& s, const Vector& x, const Vector& dz) {
  Vector dkernel(at(s.kernel_size()));
  convolution_products(
      s, [&](std::size_t i, std::size_t k, std::size_t o) { dkernel[k] += x[i] * dz[o]; });
  return dkernel;
}

// Keras's kernel (k, k, out, in) is the adjoint convolution's (k, k, in, out).
Vector conv_transpose2d(const ConvShape& s, const Vector& x, const Vector& kernel) {
  return conv2d_backward_data(adjoint(s), x, kernel);
}
Vector conv_transpose2d_backward_data(const ConvShape& s, const Vector& dz, const Vector& kernel) {
  return conv2d(adjoint(s), dz, kernel);
}
Vector conv_transpose2d_backward_weights(const ConvShape& s, const Vector& x, const Vector& dz) {
  return conv2d_backward_weights(adjoint(s), dz, x);
}

}  // namespace dcgan::ref
