// Adam over one flat buffer.
#pragma once
#include "dcgan/config.h"
#include "ops/case.h"

namespace dcgan::test {

class AdamCase final : public Case {
 public:
  /// `steps` steps, counted from `first`, each with a gradient of its own.
  AdamCase(const AdamConfig& config, std::int64_t n, std::int64_t first, int steps)
      : config_(config), n_(n), first_(first), steps_(steps) {}

  std::string name() const override;
  std::vector<Pass> passes() const override;
  std::unique_ptr<Run> start(Backend& backend) const override;
  std::vector<Expected> expected() const override;

 private:
  AdamConfig config_;
  std::int64_t n_, first_;
  int steps_;
};

}  // namespace dcgan::test
