// What dense, conv2d and conv_transpose2d have in common: x, a kernel and z, three passes, and
// epilogues after the forward pass.
#pragma once
#include "ops/case.h"
#include "ref/reference.h"

namespace dcgan::test {

/// A forward pass's epilogue, with or without a mask where it has dropout (without: inference).
struct Forward {
  Epilogue epilogue;
  bool masked = true;
};

/// No epilogue, the discriminator's, a classifier's (ReLU) in inference, and the generator's last.
std::vector<Forward> all_forwards();

class LinearCase : public Case {
 public:
  std::vector<Pass> passes() const override;  // every forward, backward-data, backward-weights
  std::unique_ptr<Run> start(Backend& backend) const override;
  std::vector<Expected> expected() const override { return expected(Precision::fp32); }
  std::vector<Expected> expected(Precision precision) const;
  std::vector<Slope> slopes(Backend& backend) const override;

  struct Sizes {
    std::int64_t x, kernel, z, channels;  // channels: of z
  };
  virtual Sizes sizes() const = 0;
  virtual Op describe(Direction direction, bool masked = false) const = 0;
  /// x [.., in], z [.., out], and the kernel [.., in, out] or [.., out, in].
  struct Layout {
    std::int64_t in, out;
    bool kernel_out_in;
  };
  virtual Layout layout() const = 0;
  virtual std::unique_ptr<LinearOp> plan(Backend& backend, const Epilogue& epilogue) const = 0;
  const std::vector<Forward>& forwards() const { return forwards_; }

  /// How many products a sum of each pass has.
  struct Terms {
    std::int64_t forward, backward_data, backward_weights;
  };
  virtual Terms terms() const = 0;
  virtual ref::Vector forward(const ref::Vector& x, const ref::Vector& kernel) const = 0;
  virtual ref::Vector backward_data(const ref::Vector& dz, const ref::Vector& kernel) const = 0;
  virtual ref::Vector backward_weights(const ref::Vector& x, const ref::Vector& dz) const = 0;

 protected:
  explicit LinearCase(std::vector<Forward> forwards) : forwards_(std::move(forwards)) {}

 private:
  std::vector<Forward> forwards_;
};

}  // namespace dcgan::test
