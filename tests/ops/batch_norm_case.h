// Batch normalisation with LeakyReLU or nothing behind it: inference, training, backward.
#pragma once
#include "ops/case.h"

namespace dcgan::test {

class BatchNormCase final : public Case {
 public:
  /// `mean` of x, whose standard deviation is 0.5: variances that are taken carelessly cancel
  /// against it. in_place: dx overwrites dy.
  explicit BatchNormCase(const BatchNormShape& s, float mean = 3, bool in_place = true)
      : s_(s), mean_(mean), in_place_(in_place) {}

  std::string name() const override;
  std::vector<Pass> passes() const override;
  std::unique_ptr<Run> start(Backend& backend) const override;
  std::vector<Expected> expected() const override;
  std::vector<Slope> slopes(Backend& backend) const override;
  const BatchNormShape& shape() const { return s_; }

 private:
  BatchNormShape s_;
  float mean_;
  bool in_place_;
};

}  // namespace dcgan::test
