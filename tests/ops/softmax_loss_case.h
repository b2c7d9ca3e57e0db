// The loss of a classifier and the adjoint of its logits, and the loss alone.
#pragma once
#include "ops/case.h"

namespace dcgan::test {

class SoftmaxLossCase final : public Case {
 public:
  /// extreme: every third logit is one of +-80, +-100, +-10000, 0, and one is -infinity. ties: all
  /// are whole numbers from -1 to 1, and of every other row the first of the largest is the
  /// label's. sure: of its label each row is, with losses of 1e-8. nan: one is not a number.
  /// foreign: one label is no class, another below 0.
  enum class Kind { moderate, extreme, ties, sure, nan, foreign };

  SoftmaxLossCase(std::int64_t batch, std::int64_t classes, Kind kind = Kind::moderate)
      : batch_(batch), classes_(classes), kind_(kind) {}

  std::string name() const override;
  std::vector<Pass> passes() const override;  // with the adjoint, and without
  std::unique_ptr<Run> start(Backend& backend) const override;
  std::vector<Expected> expected() const override;
  std::vector<Slope> slopes(Backend& backend) const override;

 private:
  Floats logits() const;
  std::vector<int> labels() const;

  std::int64_t batch_, classes_;
  Kind kind_;
};

}  // namespace dcgan::test
