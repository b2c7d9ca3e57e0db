// Every Highway target that this machine can run, forced one after the other.
#pragma once
#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <string>
#include <vector>

namespace dcgan::test {

inline std::vector<std::int64_t> supported_targets() {
  std::vector<std::int64_t> targets;
  for (std::int64_t left = hwy::SupportedTargets() & HWY_TARGETS; left; left &= left - 1)
    targets.push_back(left & -left);
  return targets;
}

/// While it lives, Highway dispatches to this target.
class ForcedTarget {
 public:
  explicit ForcedTarget(std::int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  ~ForcedTarget() {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  ForcedTarget(const ForcedTarget&) = delete;
  ForcedTarget& operator=(const ForcedTarget&) = delete;
};

}  // namespace dcgan::test
