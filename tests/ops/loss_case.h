// Both losses of a GAN and the adjoints of the logits.
#pragma once
#include "ops/case.h"

namespace dcgan::test {

struct LossTargets {
  std::string name;
  float real, fake, generator;
  bool relativistic = false;
};

/// As the trainer has them: all moved towards 1/2 by half of `smoothing`.
LossTargets smoothed_targets(double smoothing);

class LossCase final : public Case {
 public:
  /// extreme: every third logit is one of +-80, +-100, -60, -61, 0. columns: logits of a sample,
  /// summed to one by codes.
  LossCase(std::int64_t batch, const LossTargets& targets, bool extreme, std::int64_t columns = 1)
      : batch_(batch), targets_(targets), extreme_(extreme), columns_(columns) {}

  std::string name() const override;
  std::vector<Pass> passes() const override;
  std::unique_ptr<Run> start(Backend& backend) const override;
  std::vector<Expected> expected() const override;
  std::vector<Slope> slopes(Backend& backend) const override;

 private:
  Floats logits() const;
  Floats codes() const;

  std::int64_t batch_;
  LossTargets targets_;
  bool extreme_;
  std::int64_t columns_;
};

}  // namespace dcgan::test
