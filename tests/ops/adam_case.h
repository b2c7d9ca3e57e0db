// Adam over the flat buffers of one network or two.
#pragma once
#include "dcgan/config.h"
#include "ops/case.h"

namespace dcgan::test {

class AdamCase final : public Case {
 public:
  /// `steps` steps, counted from `first`, each with a gradient of its own. The last `second` of the
  /// n parameters are another network's, which learns twice as fast.
  AdamCase(const AdamConfig& config, std::int64_t n, std::int64_t first, int steps,
           std::int64_t second = 0)
      : config_(config), n_(n), first_(first), steps_(steps), second_(second) {}

  std::string name() const override;
  std::vector<Pass> passes() const override;
  std::unique_ptr<Run> start(Backend& backend) const override;
  std::vector<Expected> expected() const override;

 private:
  AdamConfig config_;
  std::int64_t n_, first_;
  int steps_;
  std::int64_t second_;
};

}  // namespace dcgan::test
