// Dense layers: x [batch, in] * kernel [in, out].
#pragma once
#include "ops/linear_case.h"

namespace dcgan::test {

class DenseCase final : public LinearCase {
 public:
  explicit DenseCase(const DenseShape& s, std::vector<Forward> forwards = all_forwards())
      : LinearCase(std::move(forwards)), s_(s) {}

  std::string name() const override;
  Sizes sizes() const override { return {s_.x_size(), s_.kernel_size(), s_.y_size(), s_.out}; }
  Op describe(Direction direction, bool masked) const override {
    return dcgan::describe(s_, direction, masked);
  }
  Layout layout() const override { return {s_.in, s_.out, false}; }
  std::unique_ptr<LinearOp> plan(Backend& backend, const Epilogue& e) const override {
    return backend.dense(s_, e);
  }
  const DenseShape& shape() const { return s_; }

 private:
  Terms terms() const override { return {s_.in, s_.out, s_.batch}; }
  ref::Vector forward(const ref::Vector& x, const ref::Vector& kernel) const override {
    return ref::dense(s_, x, kernel);
  }
  ref::Vector backward_data(const ref::Vector& dz, const ref::Vector& kernel) const override {
    return ref::dense_backward_data(s_, dz, kernel);
  }
  ref::Vector backward_weights(const ref::Vector& x, const ref::Vector& dz) const override {
    return ref::dense_backward_weights(s_, x, dz);
  }

  DenseShape s_;
};

}  // namespace dcgan::test
