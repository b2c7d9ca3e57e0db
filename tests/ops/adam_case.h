// Adam over the flat buffers of one network or two.
#pragma once
#include "dcgan/config.h"
#include "ops/case.h"

namespace dcgan::test {

class AdamCase final : public Case {
 public:
  /// Parameters [offset, offset + n) of one network, whose gradient comes in so many parts.
  struct Cut {
    std::int64_t offset, n;
    int count;
  };
  /// `steps` steps, counted from `first`, each with a gradient of its own. The last `second` of the
  /// n parameters are another network's, which learns twice as fast.
  AdamCase(const AdamConfig& config, std::int64_t n, std::int64_t first, int steps,
           std::int64_t second = 0, std::vector<Cut> cuts = {})
      : config_(config),
        n_(n),
        first_(first),
        steps_(steps),
        second_(second),
        cuts_(std::move(cuts)) {}

  std::string name() const override;
  std::vector<Pass> passes() const override;
  std::unique_ptr<Run> start(Backend& backend) const override;
  std::vector<Expected> expected() const override;

 private:
  AdamConfig config_;
  std::int64_t n_, first_;
  int steps_;
  std::int64_t second_;
  std::vector<Cut> cuts_;
};

}  // namespace dcgan::test
