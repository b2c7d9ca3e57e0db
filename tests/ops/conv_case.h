// conv2d and conv_transpose2d.
#pragma once
#include "ops/linear_case.h"

namespace dcgan::test {

class ConvCase final : public LinearCase {
 public:
  explicit ConvCase(const ConvShape& s, std::vector<Forward> forwards = all_forwards())
      : LinearCase(std::move(forwards)), s_(s) {}

  std::string name() const override;
  Sizes sizes() const override { return {s_.x_size(), s_.kernel_size(), s_.y_size(), s_.out}; }
  Op describe(Direction direction, bool masked) const override {
    return dcgan::describe(s_, direction, masked);
  }
  Layout layout() const override { return {s_.in, s_.out, s_.transposed}; }
  std::unique_ptr<LinearOp> plan(Backend& backend, const Epilogue& e) const override {
    return backend.convolution(s_, e);
  }
  const ConvShape& shape() const { return s_; }

 private:
  Terms terms() const override {
    const std::int64_t taps = s_.kernel * s_.kernel;
    return {taps * s_.in, taps * s_.out, s_.batch * s_.height * s_.width};
  }
  ref::Vector forward(const ref::Vector& x, const ref::Vector& kernel) const override {
    return s_.transposed ? ref::conv_transpose2d(s_, x, kernel) : ref::conv2d(s_, x, kernel);
  }
  ref::Vector backward_data(const ref::Vector& dz, const ref::Vector& kernel) const override {
    return s_.transposed ? ref::conv_transpose2d_backward_data(s_, dz, kernel)
                         : ref::conv2d_backward_data(s_, dz, kernel);
  }
  ref::Vector backward_weights(const ref::Vector& x, const ref::Vector& dz) const override {
    return s_.transposed ? ref::conv_transpose2d_backward_weights(s_, x, dz)
                         : ref::conv2d_backward_weights(s_, x, dz);
  }

  ConvShape s_;
};

/// The transposed convolution of these numbers.
inline ConvShape transposed(ConvShape s) {
  s.transposed = true;
  return s;
}

}  // namespace dcgan::test
