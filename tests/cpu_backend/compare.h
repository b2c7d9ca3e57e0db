// Comparing floats with a reference.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace dcgan::test {

/// Every entry within absolute + relative * |reference|; NaN and infinity stand for themselves.
inline void expect_close(const std::vector<float>& got, const std::vector<double>& reference,
                         double absolute, double relative, const std::string& what) {
  ASSERT_EQ(got.size(), reference.size()) << what;
  std::size_t wrong = 0, first = 0;
  for (std::size_t i = got.size(); i-- > 0;) {
    const auto value = static_cast<double>(got[i]);
    if (value == reference[i] || (std::isnan(value) && std::isnan(reference[i]))) continue;
    const double error = std::abs(value - reference[i]);
    if (!(error <= absolute + relative * std::abs(reference[i]))) ++wrong, first = i;
  }
  EXPECT_EQ(wrong, 0u) << what << ": " << wrong << " of " << got.size() << " are wrong, first "
                       << first << ": " << got[first] << " for " << reference[first];
}

/// Every entry within `bound` of the reference's largest entry.
inline void expect_near(const std::vector<float>& got, const std::vector<double>& reference,
                        double bound, const std::string& what) {
  double largest = 0;
  for (const double r : reference) largest = std::max(largest, std::abs(r));
  expect_close(got, reference, bound * largest, 0, what);
}

}  // namespace dcgan::test
