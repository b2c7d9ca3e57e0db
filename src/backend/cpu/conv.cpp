// Both layers are a convolution: a transposed one is the adjoint of a convolution from its output
// to its input, so its forward pass is that convolution's backward-data (oneDNN's own deconvolution
// is slower and can fall to its reference path).
#include "backend/cpu/conv.h"

#include <map>

#include "backend/cpu/convolution.h"
#include "backend/cpu/epilogue.h"
#include "backend/cpu/one_channel.h"
#include "backend/cpu/onednn.h"

namespace dcgan::cpu {
namespace {

/// transposed: source and destination change places.
class ConvLayer final : public LinearOp {
 public:
  ConvLayer(std::unique_ptr<Convolution> convolution, bool transposed, const EpilogueRun& epilogue)
      : convolution_(std::move(convolution)), transposed_(transposed), epilogue_(epilogue) {}
  void forward(const float* x, const float* kernel, const float* bias, const std::uint8_t* keep,
               float* y) override {
    transposed_ ? convolution_->to_source(x, kernel, y)
                : convolution_->to_destination(x, kernel, y);
    epilogue_.forward(bias, keep, y);
  }
  void backward_data(const float* dz, const float* kernel, float* dx) override {
    transposed_ ? convolution_->to_destination(dz, kernel, dx)
                : convolution_->to_source(dz, kernel, dx);
  }
  void backward_weights(const float* x, const float* dz, float* dkernel) override {
    transposed_ ? convolution_->kernel_gradient(dz, x, dkernel)
                : convolution_->kernel_gradient(x, dz, dkernel);
  }
  void backward(const float* x, const float* dz, const float* kernel, float* dx,
                float* dkernel) override {
    transposed_ ? convolution_->backward_transposed(x, dz, kernel, dx, dkernel)
                : convolution_->backward(x, dz, kernel, dx, dkernel);
  }

 private:
  std::unique_ptr<Convolution> convolution_;
  bool transposed_;
  EpilogueRun epilogue_;
};

/// The three directions, each planned when it is first needed: a program that only samples never
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
    OnednnPrimitive& primitive =
        primitives_.try_emplace(direction, engine_, shape_, direction).first->second;
    primitive.run(stream_, source, weights, destination);
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  OnednnShape shape_;
  std::map<Direction, OnednnPrimitive> primitives_;
};

OnednnShape onednn_shape(const ConvShape& s) {
  return {{s.batch, s.in, s.height, s.width},
          {s.out, s.in, s.kernel, s.kernel},
          {s.batch, s.out, s.out_height(), s.out_width()},
          {s.stride, s.stride},
          {s.pad_top(), s.pad_left()},
          {s.pad_bottom(), s.pad_right()}};
}

/// The conv2d `s` by the method expected to be the fastest.
std::unique_ptr<Convolution> choose_convolution(const ConvContext& context, const ConvShape& s) {
  if (auto one_channel = make_one_channel_convolution(s)) return one_channel;
  const DftGeometry dft(s);
  if (dft.pays()) return make_dft_convolution(dft, context.scratch);
  return std::make_unique<OnednnConvolution>(context.engine, context.stream, onednn_shape(s));
}

}  // namespace

void EpilogueRun::forward(const float* bias, const std::uint8_t* keep, float* y) const {
  if (epilogue.does_something()) epilogue_forward({epilogue, rows, channels, bias, keep, y});
}

std::unique_ptr<LinearOp> make_layer(std::unique_ptr<Convolution> convolution, const ConvShape& s,
                                     const Epilogue& epilogue) {
  return std::make_unique<ConvLayer>(
      std::move(convolution), s.transposed,
      EpilogueRun{epilogue, s.batch * s.out_height() * s.out_width(), s.out});
}

std::unique_ptr<LinearOp> make_convolution(const ConvContext& context, const ConvShape& s,
                                           const Epilogue& epilogue) {
  return make_layer(choose_convolution(context, s.conv2d()), s, epilogue);
}

}  // namespace dcgan::cpu
