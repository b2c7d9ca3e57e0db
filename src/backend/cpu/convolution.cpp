// The two roles of a convolution.
#include "backend/cpu/convolution.h"

#include "backend/cpu/epilogue.h"

namespace dcgan::cpu {
namespace {

class Conv2d final : public LinearOp {
 public:
  Conv2d(std::unique_ptr<Convolution> convolution, const EpilogueRun& epilogue)
      : convolution_(std::move(convolution)), epilogue_(epilogue) {}
  void forward(const float* x, const float* kernel, const float* bias, const std::uint8_t* keep,
               float* y) override {
    convolution_->to_destination(x, kernel, y);
    epilogue_.forward(bias, keep, y);
  }
  void backward_data(const float* dz, const float* kernel, float* dx) override {
    convolution_->to_source(dz, kernel, dx);
  }
  void backward_weights(const float* x, const float* dz, float* dkernel) override {
    convolution_->kernel_gradient(x, dz, dkernel);
  }
  void backward(const float* x, const float* dz, const float* kernel, float* dx,
                float* dkernel) override {
    convolution_->backward(x, dz, kernel, dx, dkernel);
  }

 private:
  std::unique_ptr<Convolution> convolution_;
  EpilogueRun epilogue_;
};

class ConvTranspose2d final : public LinearOp {
 public:
  ConvTranspose2d(std::unique_ptr<Convolution> convolution, const EpilogueRun& epilogue)
      : convolution_(std::move(convolution)), epilogue_(epilogue) {}
  void forward(const float* x, const float* kernel, const float* bias, const std::uint8_t* keep,
               float* y) override {
    convolution_->to_source(x, kernel, y);
    epilogue_.forward(bias, keep, y);
  }
  void backward_data(const float* dz, const float* kernel, float* dx) override {
    convolution_->to_destination(dz, kernel, dx);
  }
  void backward_weights(const float* x, const float* dz, float* dkernel) override {
    convolution_->kernel_gradient(dz, x, dkernel);
  }
  void backward(const float* x, const float* dz, const float* kernel, float* dx,
                float* dkernel) override {
    convolution_->backward_transposed(x, dz, kernel, dx, dkernel);
  }

 private:
  std::unique_ptr<Convolution> convolution_;
  EpilogueRun epilogue_;
};

}  // namespace

void EpilogueRun::forward(const float* bias, const std::uint8_t* keep, float* y) const {
  if (epilogue.does_something()) epilogue_forward({epilogue, rows, channels, bias, keep, y});
}

std::unique_ptr<LinearOp> make_layer(std::unique_ptr<Convolution> convolution, const ConvShape& s,
                                     const Epilogue& epilogue) {
  const EpilogueRun run{epilogue, s.batch * s.out_height() * s.out_width(), s.out};
  if (s.transposed) return std::make_unique<ConvTranspose2d>(std::move(convolution), run);
  return std::make_unique<Conv2d>(std::move(convolution), run);
}

}  // namespace dcgan::cpu
