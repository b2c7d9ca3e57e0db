// conv2d and conv_transpose2d.
#pragma once
#include "ops/linear_case.h"

namespace dcgan::test {

enum class ConvKind { conv2d, conv_transpose2d };

class ConvCase final : public LinearCase {
 public:
  ConvCase(ConvKind kind, const ConvShape& s, std::vector<Forward> forwards = all_forwards())
      : LinearCase(std::move(forwards)), straight_(kind == ConvKind::conv2d), s_(s) {}

  std::string name() const override;
  Sizes sizes() const override {
    return {s_.batch * s_.height * s_.width * s_.in, s_.kernel * s_.kernel * s_.in * s_.out,
            s_.batch * out_height() * out_width() * s_.out, s_.out};
  }
  Layout layout() const override { return {s_.in, s_.out, !straight_}; }
  std::unique_ptr<LinearOp> plan(Backend& backend, const Epilogue& e) const override {
    return straight_ ? backend.conv2d(s_, e) : backend.conv_transpose2d(s_, e);
  }
  bool straight() const { return straight_; }
  const ConvShape& shape() const { return s_; }
  std::int64_t out_height() const { return out_length(s_.height); }
  std::int64_t out_width() const { return out_length(s_.width); }

 private:
  std::int64_t out_length(std::int64_t length) const {
    return straight_ ? (length + s_.stride - 1) / s_.stride : length * s_.stride;
  }
  double flops_per_pass() const override;
  Terms terms() const override {
    const std::int64_t taps = s_.kernel * s_.kernel;
    return {taps * s_.in, taps * s_.out, s_.batch * s_.height * s_.width};
  }
  ref::Vector forward(const ref::Vector& x, const ref::Vector& kernel) const override {
    return straight_ ? ref::conv2d(s_, x, kernel) : ref::conv_transpose2d(s_, x, kernel);
  }
  ref::Vector backward_data(const ref::Vector& dz, const ref::Vector& kernel) const override {
    return straight_ ? ref::conv2d_backward_data(s_, dz, kernel)
                     : ref::conv_transpose2d_backward_data(s_, dz, kernel);
  }
  ref::Vector backward_weights(const ref::Vector& x, const ref::Vector& dz) const override {
    return straight_ ? ref::conv2d_backward_weights(s_, x, dz)
                     : ref::conv_transpose2d_backward_weights(s_, x, dz);
  }

  bool straight_;
  ConvShape s_;
};

/// The layers of dcgan and tf-tutorial at small batches, kernels, strides, rectangles, edges.
Cases conv_cases();

}  // namespace dcgan::test
