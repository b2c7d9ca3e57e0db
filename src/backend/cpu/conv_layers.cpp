// Both layers are a convolution: a transposed one is the adjoint of a convolution from its output
// to its input, so its forward pass is that convolution's backward-data (oneDNN's own deconvolution
// is slower and can fall to its reference path).
#include "backend/cpu/conv_layers.h"

#include <algorithm>
#include <optional>

#include "backend/cpu/convolution.h"
#include "backend/cpu/one_channel.h"
#include "backend/cpu/onednn.h"

namespace dcgan::cpu {
namespace {

/// The three directions, each planned when it is first wanted: a program that only samples never
/// plans backward.
class OnednnConvolution final : public Convolution {
 public:
  OnednnConvolution(const dnnl::engine& engine, const dnnl::stream& stream, OnednnShape shape)
      : engine_(engine), stream_(stream), shape_(std::move(shape)) {}
  void to_destination(const float* source, const float* kernel, float* destination) override {
    run(Direction::forward, source, kernel, destination);
  }
  void to_source(const float* destination, const float* kernel, float* source) override {
    run(Direction::backward_data, source, kernel, destination);
  }
  void kernel_gradient(const float* source, const float* destination, float* gradient) override {
    run(Direction::backward_weights, source, gradient, destination);
  }

 private:
  void run(Direction direction, const float* source, const float* weights,
           const float* destination) {
    auto& primitive = primitives_[static_cast<int>(direction)];
    if (!primitive) primitive.emplace(engine_, shape_, direction);
    primitive->run(stream_, source, weights, destination);
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  OnednnShape shape_;
  std::optional<OnednnPrimitive> primitives_[3];
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
OnednnShape convolution(const ConvShape& s) {
  const std::int64_t out_height = (s.height + s.stride - 1) / s.stride;
  const std::int64_t out_width = (s.width + s.stride - 1) / s.stride;
  const Padding rows = same_padding(s.height, out_height, s);
  const Padding columns = same_padding(s.width, out_width, s);
  return {{s.batch, s.in, s.height, s.width},      {s.out, s.in, s.kernel, s.kernel},
          {s.batch, s.out, out_height, out_width}, {s.stride, s.stride},
          {rows.before, columns.before},           {rows.after, columns.after}};
}

/// conv2d of that shape by the way that is expected to be the fastest.
std::unique_ptr<Convolution> choose_convolution(const ConvContext& context, const ConvShape& s) {
  const OnednnShape shape = convolution(s);
  if (auto one_channel =
          make_one_channel_convolution(s, shape.padding_before[0], shape.padding_before[1]))
    return one_channel;
  const DftGeometry dft(s, shape.padding_before[0], shape.padding_before[1]);
  if (dft.pays()) return make_dft_convolution(dft, context.scratch);
  return std::make_unique<OnednnConvolution>(context.engine, context.stream, shape);
}

}  // namespace

std::unique_ptr<LinearOp> make_conv2d(const ConvContext& context, const ConvShape& s,
                                      const Epilogue& epilogue) {
  const std::int64_t out_height = (s.height + s.stride - 1) / s.stride;
  const std::int64_t out_width = (s.width + s.stride - 1) / s.stride;
  return make_conv2d(choose_convolution(context, s),
                     {epilogue, s.batch * out_height * out_width, s.out});
}

std::unique_ptr<LinearOp> make_conv_transpose2d(const ConvContext& context, const ConvShape& s,
                                                const Epilogue& epilogue) {
  // Its kernel (k, k, out, in) is that convolution's (k, k, in, out) as it stands.
  const ConvShape adjoint{s.batch, s.height * s.stride, s.width * s.stride, s.out, s.in, s.kernel,
                          s.stride};
  return make_conv_transpose2d(choose_convolution(context, adjoint),
                               {epilogue, s.batch * adjoint.height * adjoint.width, s.out});
}

}  // namespace dcgan::cpu
