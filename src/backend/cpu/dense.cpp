#include "backend/cpu/dense.h"

#include <algorithm>

#include "backend/cpu/convolution.h"
#include "backend/cpu/matrix_product.h"
#include "backend/cpu/memory.h"
#include "backend/cpu/one_output.h"

namespace dcgan::cpu {
namespace {

/// All three passes as products of matrices.
class Dense final : public LinearOp {
 public:
  Dense(const DenseShape& shape, const Epilogue& epilogue)
      : batch_(shape.batch),
        in_(shape.in),
        out_(shape.out),
        epilogue_(epilogue),
        scratch_(allocate_floats(
            std::max({product_scratch_floats(batch_, in_), product_scratch_floats(batch_, out_),
                      product_scratch_floats(in_, batch_)}))) {}
  void forward(const float* x, const float* kernel, const float* bias, const std::uint8_t* keep,
               float* y) override {
    multiply({.rows = batch_,
              .columns = out_,
              .depth = in_,
              .a = {x, in_, 1},
              .b = {kernel, out_, 1},
              .c = y,
              .epilogue = epilogue_,
              .bias = bias,
              .keep = keep},
             scratch_.f32());
  }
  void backward_data(const float* dz, const float* kernel, float* dx) override {
    multiply({.rows = batch_,
              .columns = in_,
              .depth = out_,
              .a = {dz, out_, 1},
              .b = {kernel, 1, out_},
              .c = dx},
             scratch_.f32());
  }
  void backward_weights(const float* x, const float* dz, float* dkernel) override {
    multiply({.rows = in_,
              .columns = out_,
              .depth = batch_,
              .a = {x, 1, in_},
              .b = {dz, out_, 1},
              .c = dkernel},
             scratch_.f32());
  }

 private:
  std::int64_t batch_, in_, out_;
  Epilogue epilogue_;
  Buffer scratch_;
};

class OneOutput final : public LinearOp {
 public:
  OneOutput(const DenseShape& shape, const Epilogue& epilogue)
      : batch_(shape.batch),
        in_(shape.in),
        epilogue_{epilogue, shape.batch, 1},
        scratch_(allocate_floats(one_output_scratch_floats(shape.in))) {}
  void forward(const float* x, const float* kernel, const float* bias, const std::uint8_t* keep,
               float* y) override {
    one_output_forward(batch_, in_, x, kernel, y);
    epilogue_.forward(bias, keep, y);
  }
  void backward_data(const float* dz, const float* kernel, float* dx) override {
    one_output_backward(batch_, in_, nullptr, kernel, dz, dx, nullptr, scratch_.f32());
  }
  void backward_weights(const float* x, const float* dz, float* dkernel) override {
    one_output_backward(batch_, in_, x, nullptr, dz, nullptr, dkernel, scratch_.f32());
  }
  void backward(const float* x, const float* dz, const float* kernel, float* dx,
                float* dkernel) override {
    one_output_backward(batch_, in_, x, kernel, dz, dx, dkernel, scratch_.f32());
  }

 private:
  std::int64_t batch_, in_;
  EpilogueRun epilogue_;
  Buffer scratch_;
};

}  // namespace

std::unique_ptr<LinearOp> make_dense(const DenseShape& shape, const Epilogue& epilogue) {
  if (shape.out == 1) return std::make_unique<OneOutput>(shape, epilogue);
  return std::make_unique<Dense>(shape, epilogue);
}

}  // namespace dcgan::cpu
