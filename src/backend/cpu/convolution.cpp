// The two roles of a convolution.
#include "backend/cpu/convolution.h"

#include "backend/cpu/epilogue.h"

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

}  // namespace dcgan::cpu
