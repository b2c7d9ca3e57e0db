#include "backend/cuda/layers.h"

#include <cstdint>
#include <limits>

#include "backend/cuda/epilogue_parameters.h"
#include "dcgan/error.h"
#include "kernels/batch_norm.h"
#include "kernels/conv.h"
#include "kernels/dense.h"

namespace dcgan::DCGAN_TARGET {
namespace {

/// The kernels count elements in 31 bits.
void check_size(std::initializer_list<std::int64_t> dimensions) {
  std::int64_t size = 1;
  for (const std::int64_t d : dimensions) {
    size *= d;
    if (size > std::numeric_limits<std::int32_t>::max())
      throw Error("a tensor of more than 2^31 values; a smaller --batch-size may fit");
  }
}

class Dense final : public LinearOp {
 public:
  Dense(LayerContext context, const DenseShape& s, const Epilogue& epilogue)
      : context_(context), kernels_(s.batch, s.in, s.out), epilogue_(epilogue) {
    context.workspace.reserve(kernels_.workspace_floats(), context.streams);
  }
  void forward(const float* x, const float* kernel, const float* bias, const std::uint8_t* keep,
               float* y) override {
    kernels_.forward(x, kernel, parameters_of(epilogue_, bias, keep), y, context_.workspace.data(),
                     context_.streams.compute());
  }
  void backward_data(const float* dz, const float* kernel, float* dx) override {
    kernels_.backward_data(dz, kernel, dx, context_.workspace.data(), context_.streams.compute());
  }
  void backward_weights(const float* x, const float* dz, float* dkernel) override {
    kernels_.backward_weights(x, dz, dkernel, context_.workspace.data(),
                              context_.streams.compute());
  }

 private:
  LayerContext context_;
  DenseKernels kernels_;
  Epilogue epilogue_;
};

class Conv2d final : public LinearOp {
 public:
  Conv2d(LayerContext context, const ConvShape& s, const Epilogue& epilogue)
      : context_(context),
        kernels_(s.batch, s.height, s.width, s.in, s.out, s.kernel, s.stride),
        epilogue_(epilogue) {
    context.workspace.reserve(kernels_.workspace_floats(), context.streams);
  }
  void forward(const float* x, const float* kernel, const float* bias, const std::uint8_t* keep,
               float* y) override {
    kernels_.forward(x, kernel, parameters_of(epilogue_, bias, keep), y, context_.workspace.data(),
                     context_.streams.compute());
  }
  void backward_data(const float* dz, const float* kernel, float* dx) override {
    kernels_.backward_data(dz, kernel, EpilogueParameters{}, dx, context_.workspace.data(),
                           context_.streams.compute());
  }
  void backward_weights(const float* x, const float* dz, float* dkernel) override {
    kernels_.backward_weights(x, dz, dkernel, context_.workspace.data(),
                              context_.streams.compute());
  }

 private:
  LayerContext context_;
  ConvKernels kernels_;
  Epilogue epilogue_;
};

/// The adjoint of the convolution from its output [.., out] to its input [.., in]: forward and
/// backward-data change places, and so do x and dz in the gradient of the kernel (k, k, out, in).
class ConvTranspose2d final : public LinearOp {
 public:
  ConvTranspose2d(LayerContext context, const ConvShape& s, const Epilogue& epilogue)
      : context_(context),
        kernels_(s.batch, s.height * s.stride, s.width * s.stride, s.out, s.in, s.kernel, s.stride),
        epilogue_(epilogue) {
    context.workspace.reserve(kernels_.workspace_floats(), context.streams);
  }
  void forward(const float* x, const float* kernel, const float* bias, const std::uint8_t* keep,
               float* y) override {
    kernels_.backward_data(x, kernel, parameters_of(epilogue_, bias, keep), y,
                           context_.workspace.data(), context_.streams.compute());
  }
  void backward_data(const float* dz, const float* kernel, float* dx) override {
    kernels_.forward(dz, kernel, EpilogueParameters{}, dx, context_.workspace.data(),
                     context_.streams.compute());
  }
  void backward_weights(const float* x, const float* dz, float* dkernel) override {
    kernels_.backward_weights(dz, x, dkernel, context_.workspace.data(),
                              context_.streams.compute());
  }

 private:
  LayerContext context_;
  ConvKernels kernels_;
  Epilogue epilogue_;
};

class BatchNorm final : public BatchNormOp {
 public:
  BatchNorm(LayerContext context, const BatchNormShape& s)
      : context_(context),
        kernels_(s.rows, s.channels, s.momentum, s.epsilon,
                 s.activation == Activation::leaky_relu ? s.slope : 1.0F) {
    context.workspace.reserve(kernels_.workspace_floats(), context.streams);
  }
  void forward_training(const float* x, const BatchNormParameters& p, float* mean, float* inv_std,
                        float* y) override {
    kernels_.forward_training(x, tensors(p), mean, inv_std, y, context_.workspace.data(),
                              context_.streams.compute());
  }
  void forward_inference(const float* x, const BatchNormParameters& p, float* y) override {
    kernels_.forward_inference(x, tensors(p), y, context_.workspace.data(),
                               context_.streams.compute());
  }
  void backward(const float* x, const float* y, const float* dy, const BatchNormParameters& p,
                const float* mean, const float* inv_std, float* dx, float* dgamma,
                float* dbeta) override {
    kernels_.backward(x, y, dy, tensors(p), mean, inv_std, dx, dgamma, dbeta,
                      context_.workspace.data(), context_.streams.compute());
  }

 private:
  static BatchNormTensors tensors(const BatchNormParameters& p) {
    return {p.gamma, p.beta, p.moving_mean, p.moving_variance};
  }
  LayerContext context_;
  BatchNormKernels kernels_;
};

void check_size(const ConvShape& s, std::int64_t scale) {
  check_size({s.batch, s.height, s.width, s.in});
  check_size({s.batch, s.height * scale, s.width * scale, s.out});
  check_size({s.kernel, s.kernel, s.in, s.out});
}

}  // namespace

std::unique_ptr<LinearOp> make_dense(LayerContext context, const DenseShape& s,
                                     const Epilogue& epilogue) {
  check_size({s.batch, s.in});
  check_size({s.batch, s.out});
  check_size({s.in, s.out});
  return std::make_unique<Dense>(context, s, epilogue);
}

std::unique_ptr<LinearOp> make_conv2d(LayerContext context, const ConvShape& s,
                                      const Epilogue& epilogue) {
  check_size(s, 1);
  return std::make_unique<Conv2d>(context, s, epilogue);
}

std::unique_ptr<LinearOp> make_conv_transpose2d(LayerContext context, const ConvShape& s,
                                                const Epilogue& epilogue) {
  check_size(s, s.stride);
  return std::make_unique<ConvTranspose2d>(context, s, epilogue);
}

std::unique_ptr<BatchNormOp> make_batch_norm(LayerContext context, const BatchNormShape& s) {
  check_size({s.rows, s.channels});
  return std::make_unique<BatchNorm>(context, s);
}

}  // namespace dcgan::DCGAN_TARGET
