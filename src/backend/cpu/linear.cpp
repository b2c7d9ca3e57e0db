// Plans dense layers as inner products and both convolutions as one: a transposed convolution is
// the adjoint of a convolution from its output to its input, so its forward pass is that
// convolution's backward-data (oneDNN's own deconvolution is slower and can fall to its reference
// path).
#include "backend/cpu/linear.h"

#include <algorithm>
#include <optional>

#include "backend/cpu/onednn.h"

namespace dcgan::cpu {
namespace {

/// A direction is planned when it is first wanted: a program that only samples never plans
/// backward.
class Planned {
 public:
  Planned(const dnnl::engine& engine, const dnnl::stream& stream, LinearShape shape)
      : engine_(engine), stream_(stream), shape_(std::move(shape)) {}

  void run(Direction direction, const float* source, const float* weights,
           const float* destination) {
    auto& primitive = primitives_[static_cast<int>(direction)];
    if (!primitive) primitive.emplace(engine_, shape_, direction);
    primitive->run(stream_, source, weights, destination);
  }

 private:
  dnnl::engine engine_;
  dnnl::stream stream_;
  LinearShape shape_;
  std::optional<LinearPrimitive> primitives_[3];
};

/// x * kernel as oneDNN's forward.
class Straight final : public LinearOp {
 public:
  explicit Straight(Planned planned) : planned_(std::move(planned)) {}
  void forward(const float* x, const float* kernel, float* z) override {
    planned_.run(Direction::forward, x, kernel, z);
  }
  void backward_data(const float* dz, const float* kernel, float* dx) override {
    planned_.run(Direction::backward_data, dx, kernel, dz);
  }
  void backward_weights(const float* x, const float* dz, float* dkernel) override {
    planned_.run(Direction::backward_weights, x, dkernel, dz);
  }

 private:
  Planned planned_;
};

/// The adjoint of oneDNN's forward: source and destination change places.
class Adjoint final : public LinearOp {
 public:
  explicit Adjoint(Planned planned) : planned_(std::move(planned)) {}
  void forward(const float* x, const float* kernel, float* z) override {
    planned_.run(Direction::backward_data, z, kernel, x);
  }
  void backward_data(const float* dz, const float* kernel, float* dx) override {
    planned_.run(Direction::forward, dz, kernel, dx);
  }
  void backward_weights(const float* x, const float* dz, float* dkernel) override {
    planned_.run(Direction::backward_weights, dz, dkernel, x);
  }

 private:
  Planned planned_;
};

/// What Keras's 'same' pads along one axis.
struct Padding {
  std::int64_t before, after;
};
Padding same_padding(std::int64_t input, std::int64_t output, const ConvShape& s) {
  const std::int64_t total = std::max<std::int64_t>((output - 1) * s.stride + s.kernel - input, 0);
  return {total / 2, total - total / 2};
}

/// The convolution from [height, width, in] to [out_height, out_width, out].
LinearShape convolution(const ConvShape& s) {
  const std::int64_t out_height = (s.height + s.stride - 1) / s.stride;
  const std::int64_t out_width = (s.width + s.stride - 1) / s.stride;
  const Padding rows = same_padding(s.height, out_height, s);
  const Padding columns = same_padding(s.width, out_width, s);
  return {{s.batch, s.in, s.height, s.width},      {s.out, s.in, s.kernel, s.kernel},
          {s.batch, s.out, out_height, out_width}, dnnl::memory::format_tag::nhwc,
          dnnl::memory::format_tag::hwio,          {s.stride, s.stride},
          {rows.before, columns.before},           {rows.after, columns.after}};
}

}  // namespace

std::unique_ptr<LinearOp> make_dense(const dnnl::engine& engine, const dnnl::stream& stream,
                                     const DenseShape& s) {
  LinearShape shape{{s.batch, s.in},
                    {s.out, s.in},
                    {s.batch, s.out},
                    dnnl::memory::format_tag::nc,
                    dnnl::memory::format_tag::io,
                    {},
                    {},
                    {}};
  return std::make_unique<Straight>(Planned(engine, stream, std::move(shape)));
}

std::unique_ptr<LinearOp> make_conv2d(const dnnl::engine& engine, const dnnl::stream& stream,
                                      const ConvShape& s) {
  return std::make_unique<Straight>(Planned(engine, stream, convolution(s)));
}

std::unique_ptr<LinearOp> make_conv_transpose2d(const dnnl::engine& engine,
                                                const dnnl::stream& stream, const ConvShape& s) {
  // Its kernel (k, k, out, in) is that convolution's (k, k, in, out) as it stands.
  const ConvShape adjoint{s.batch, s.height * s.stride, s.width * s.stride, s.out, s.in, s.kernel,
                          s.stride};
  return std::make_unique<Adjoint>(Planned(engine, stream, convolution(adjoint)));
}

}  // namespace dcgan::cpu
