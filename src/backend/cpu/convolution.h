// A convolution of the cpu backend in its three directions, and the two layers that are made of it:
// conv2d is the convolution, conv_transpose2d its adjoint.
#pragma once
#include <memory>

#include "backend/backend.h"

namespace dcgan::cpu {

/// conv2d from a source image to a destination image; each is an activation or its gradient, as the
/// direction has it. All results are overwritten.
class Convolution {
 public:
  virtual ~Convolution() = default;
  virtual void to_destination(const float* source, const float* kernel, float* destination) = 0;
  virtual void to_source(const float* destination, const float* kernel, float* source) = 0;
  virtual void kernel_gradient(const float* source, const float* destination, float* gradient) = 0;

  /// Both passes back through conv2d: kernel_gradient(x, dz), and to_source(dz).
  virtual void backward(const float* x, const float* dz, const float* kernel, float* dx,
                        float* gradient) {
    kernel_gradient(x, dz, gradient);
    to_source(dz, kernel, dx);
  }
  /// Both passes back through its adjoint: kernel_gradient(dz, x), and to_destination(dz).
  virtual void backward_transposed(const float* x, const float* dz, const float* kernel, float* dx,
                                   float* gradient) {
    kernel_gradient(dz, x, gradient);
    to_destination(dz, kernel, dx);
  }
};

/// Pixels and channels: what an epilogue runs over.
struct EpilogueRun {
  Epilogue epilogue;
  std::int64_t rows, channels;

  void forward(const float* bias, const std::uint8_t* keep, float* y) const;
};

/// The layer of shape `s` over s.conv2d().
std::unique_ptr<LinearOp> make_layer(std::unique_ptr<Convolution>, const ConvShape& s,
                                     const Epilogue&);

}  // namespace dcgan::cpu
