// A layer between two batch norms: it makes the statistics of its result for the one after it and,
// on the way back, sums for the one before it, where the backend has such calls; the batch norms
// make their own where it has not.
#pragma once
#include "ops/linear_case.h"

namespace dcgan::test {

class BesideNormCase final : public Case {
 public:
  /// `mean`: of the result, beside which its standard deviation is about 1.
  explicit BesideNormCase(std::shared_ptr<const LinearCase> layer, float mean = 3)
      : layer_(std::move(layer)), mean_(mean) {}

  std::string name() const override {
    return layer_->name() + "_beside_norms" +
           (mean_ > 10 ? "_mean" + std::to_string(static_cast<int>(mean_)) : "");
  }
  std::vector<Pass> passes() const override;  // forward and backward-data, of each variant
  std::unique_ptr<Run> start(Backend& backend) const override;
  std::vector<Expected> expected() const override;

  const LinearCase& layer() const { return *layer_; }
  float mean() const { return mean_; }

 private:
  std::shared_ptr<const LinearCase> layer_;
  float mean_;
};

}  // namespace dcgan::test
