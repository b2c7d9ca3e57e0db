#include "backend/cuda/layers.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "dcgan/error.h"
#include "kernels/batch_norm.h"
#include "kernels/conv.h"
#include "kernels/dense.h"
#include "kernels/epilogue_parameters.h"

namespace dcgan::DCGAN_TARGET {
namespace {

/// The kernels count elements in 31 bits.
void check_size(std::int64_t largest) {
  if (largest > std::numeric_limits<std::int32_t>::max())
    throw Error("a tensor of more than 2^31 values; a smaller --batch-size may fit");
}

/// What the kernels of a layer run with.
template <class Kernels>
class Planned {
 public:
  template <class... Arguments>
  explicit Planned(LayerContext context, const Arguments&... arguments)
      : kernels_(arguments...), context_(context) {
    context.workspace.reserve(kernels_.scratch(), context.streams);
  }

 protected:
  Scratch scratch() const { return context_.workspace.scratch(); }
  cudaStream_t stream() const { return context_.streams.compute(); }
  /// With room for what kernels_ does beside its product.
  Scratch scratch(const EpilogueBackward& before) const {
    return scratch(kernels_.scratch_through(before));
  }
  Scratch scratch(const ScratchSize& size) const {
    context_.workspace.reserve(size, context_.streams);
    return scratch();
  }

  void backward_weights(const float* x, const float* dz, float* dkernel) {
    Scratch own = scratch();
    if (kernels_.weight_parts() > 1) own.floats = parts();
    kernels_.backward_weights(x, dz, dkernel, own, stream());
  }
  /// As Adam takes them, in packs of four.
  int weight_parts() const {
    return kernels_.weight_part_floats() % 4 == 0 ? kernels_.weight_parts() : 1;
  }
  const float* backward_weights_in_parts(const float* x, const float* dz) {
    kernels_.backward_weights_in_parts(x, dz, parts(), stream());
    return parts();
  }

  Kernels kernels_;

 private:
  /// Of dkernel; from the first call on.
  float* parts() {
    const std::int64_t floats = kernels_.weight_parts() * kernels_.weight_part_floats();
    if (!parts_.f32())
      parts_ = allocate_device_memory(static_cast<std::size_t>(floats) * sizeof(float),
                                      context_.streams);
    return parts_.f32();
  }

  LayerContext context_;
  Buffer parts_;
};

/// Dense and conv2d.
template <class Kernels>
class Layer final : public LinearOp, private Planned<Kernels> {
 public:
  template <class Shape>
  Layer(LayerContext context, const Shape& s, const Epilogue& epilogue)
      : Planned<Kernels>(context, s, context.precision), epilogue_(epilogue) {}
  void forward(const float* x, const float* kernel, const float* bias, const std::uint8_t* keep,
               float* y) override {
    this->kernels_.forward(x, kernel, {epilogue_, bias, keep}, y, this->scratch(), this->stream());
  }
  void backward_data(const float* dz, const float* kernel, float* dx) override {
    this->kernels_.backward_data(dz, kernel, dx, this->scratch(), this->stream());
  }
  void backward_weights(const float* x, const float* dz, float* dkernel) override {
    Planned<Kernels>::backward_weights(x, dz, dkernel);
  }
  int weight_parts() const override { return Planned<Kernels>::weight_parts(); }
  const float* backward_weights_in_parts(const float* x, const float* dz) override {
    return Planned<Kernels>::backward_weights_in_parts(x, dz);
  }
  bool goes_through(const EpilogueBackward& before) const override {
    return this->kernels_.can_go_back_through(before);
  }
  void backward_data_through(const float* dz, const float* kernel,
                             const EpilogueBackward& before) override {
    this->kernels_.backward_data_through(dz, kernel, before, this->scratch(before), this->stream());
  }
  bool makes_statistics(const BatchNormShape& after) const override {
    return epilogue_.plain() && this->kernels_.can_make_forward_statistics(after);
  }
  void forward_with_statistics(const float* x, const float* kernel, const float* bias, float* y,
                               const BatchNormStatistics& after) override {
    this->kernels_.forward_with_statistics(x, kernel, epilogue_.bias ? bias : nullptr, y, after,
                                           this->scratch(this->kernels_.batch_norm_scratch()),
                                           this->stream());
  }
  bool makes_sums(const BatchNormShape& before) const override {
    return this->kernels_.can_make_backward_sums(before);
  }
  void backward_data_with_sums(const float* dz, const float* kernel,
                               const BatchNormSums& before) override {
    this->kernels_.backward_data_with_sums(
        dz, kernel, before, this->scratch(this->kernels_.batch_norm_scratch()), this->stream());
  }

 private:
  Epilogue epilogue_;
};

/// The adjoint of its conv2d: forward and backward-data change places, and so do x and dz in the
/// gradient of the kernel.
class ConvTranspose2d final : public LinearOp, private Planned<ConvKernels> {
 public:
  ConvTranspose2d(LayerContext context, const ConvShape& s, const Epilogue& epilogue)
      : Planned(context, s.conv2d(), context.precision), epilogue_(epilogue) {}
  void forward(const float* x, const float* kernel, const float* bias, const std::uint8_t* keep,
               float* y) override {
    kernels_.backward_data(x, kernel, {epilogue_, bias, keep}, y, scratch(), stream());
  }
  void backward_data(const float* dz, const float* kernel, float* dx) override {
    kernels_.forward(dz, kernel, {}, dx, scratch(), stream());
  }
  void backward_weights(const float* x, const float* dz, float* dkernel) override {
    Planned::backward_weights(dz, x, dkernel);
  }
  int weight_parts() const override { return Planned::weight_parts(); }
  const float* backward_weights_in_parts(const float* x, const float* dz) override {
    return Planned::backward_weights_in_parts(dz, x);
  }
  bool goes_through(const EpilogueBackward& before) const override {
    return kernels_.can_go_forward_through(before);
  }
  void backward_data_through(const float* dz, const float* kernel,
                             const EpilogueBackward& before) override {
    kernels_.forward_through(dz, kernel, before, scratch(before), stream());
  }
  bool makes_statistics(const BatchNormShape& after) const override {
    return epilogue_.plain() && kernels_.can_make_backward_statistics(after);
  }
  void forward_with_statistics(const float* x, const float* kernel, const float* bias, float* y,
                               const BatchNormStatistics& after) override {
    kernels_.backward_data_with_statistics(x, kernel, epilogue_.bias ? bias : nullptr, y, after,
                                           scratch(kernels_.batch_norm_scratch()), stream());
  }
  bool makes_sums(const BatchNormShape& before) const override {
    return kernels_.can_make_forward_sums(before);
  }
  void backward_data_with_sums(const float* dz, const float* kernel,
                               const BatchNormSums& before) override {
    kernels_.forward_with_sums(dz, kernel, before, scratch(kernels_.batch_norm_scratch()),
                               stream());
  }

 private:
  Epilogue epilogue_;
};

class BatchNorm final : public BatchNormOp, private Planned<BatchNormKernels> {
 public:
  using Planned::Planned;
  void forward_training(const float* x, const BatchNormParameters& p, float* mean, float* inv_std,
                        float* y) override {
    kernels_.forward_training(x, p, mean, inv_std, y, scratch(), stream());
  }
  void forward_inference(const float* x, const BatchNormParameters& p, float* y) override {
    kernels_.forward_inference(x, p, y, scratch(), stream());
  }
  void backward(const float* x, const float* y, const float* dy, const BatchNormParameters& p,
                const float* mean, const float* inv_std, float* dx, float* dgamma,
                float* dbeta) override {
    kernels_.backward(x, y, dy, p, mean, inv_std, dx, dgamma, dbeta, scratch(), stream());
  }
  void normalise(const float* x, const BatchNormParameters& p, const float* mean,
                 const float* inv_std, float* y) override {
    kernels_.normalise(x, {mean, inv_std, p.gamma, p.beta}, y, stream());
  }
  void backward_from_sums(const BatchNormSums& of, const float* gamma, float* dx) override {
    kernels_.backward_from_sums(of, gamma, dx, stream());
  }
};

}  // namespace

std::unique_ptr<LinearOp> make_dense(LayerContext context, const DenseShape& s,
                                     const Epilogue& epilogue) {
  check_size(std::max({s.x_size(), s.kernel_size(), s.y_size()}));
  return std::make_unique<Layer<DenseKernels>>(context, s, epilogue);
}

std::unique_ptr<LinearOp> make_convolution(LayerContext context, const ConvShape& s,
                                           const Epilogue& epilogue) {
  check_size(std::max({s.x_size(), s.kernel_size(), s.y_size()}));
  if (s.transposed) return std::make_unique<ConvTranspose2d>(context, s, epilogue);
  return std::make_unique<Layer<ConvKernels>>(context, s, epilogue);
}

std::unique_ptr<BatchNormOp> make_batch_norm(LayerContext context, const BatchNormShape& s) {
  check_size(s.rows * s.channels);
  return std::make_unique<BatchNorm>(context, s);
}

}  // namespace dcgan::DCGAN_TARGET
