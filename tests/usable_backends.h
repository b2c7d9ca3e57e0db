// The backends that can be used here, for tests that are the same on each.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "backend/backend.h"

namespace dcgan::test {

inline std::vector<std::string> usable_backends() {
  std::vector<std::string> names;
  for (const BackendStatus& b : backend_statuses())
    if (b.why_unavailable.empty()) names.push_back(b.name);
  return names;
}

inline std::string backend_test_name(const testing::TestParamInfo<std::string>& backend) {
  std::string name = backend.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

}  // namespace dcgan::test
