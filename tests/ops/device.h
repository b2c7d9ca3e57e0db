// Moving test data to and from a backend, and comparing with a reference.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "backend/backend.h"

namespace dcgan::test {

/// The backends that this machine can run.
inline std::vector<std::string> present_backends() { return {"cpu", "simt"}; }

using Floats = std::vector<float>;

inline Floats normal_floats(std::int64_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Floats v(static_cast<std::size_t>(n));
  for (float& x : v) x = normal(random);
  return v;
}

inline std::vector<std::uint8_t> random_mask(std::int64_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::uint8_t> v(static_cast<std::size_t>(n));
  for (std::uint8_t& x : v) x = random() % 10 < 7;
  return v;
}

inline std::vector<double> widened(const Floats& v) { return {v.begin(), v.end()}; }

template <class T>
Buffer to_device(Backend& backend, const std::vector<T>& host) {
  Buffer buffer = backend.allocate(host.size() * sizeof(T));
  backend.upload(buffer.u8(), host.data(), host.size() * sizeof(T));
  return buffer;
}

/// Memory whose values show when an operation leaves them unwritten.
inline Buffer unwritten(Backend& backend, std::int64_t n) {
  return to_device(backend,
                   Floats(static_cast<std::size_t>(n), std::numeric_limits<float>::quiet_NaN()));
}

inline Floats to_host(Backend& backend, const Buffer& buffer) {
  Floats host(buffer.bytes() / sizeof(float));
  backend.download(host.data(), buffer.u8(), host.size() * sizeof(float));
  return host;
}

/// Every entry within `bound` of the reference's largest entry.
inline void expect_near(const Floats& got, const std::vector<double>& reference, double bound,
                        const std::string& what) {
  ASSERT_EQ(got.size(), reference.size()) << what;
  double largest = 0, worst = 0;
  std::size_t where = 0;
  for (const double r : reference) largest = std::max(largest, std::abs(r));
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double error = std::abs(static_cast<double>(got[i]) - reference[i]);
    if (!(error <= worst)) worst = error, where = i;
  }
  EXPECT_LE(worst, bound * std::max(largest, 1e-30))
      << what << " entry " << where << ": " << got[where] << " for " << reference[where];
}

/// What a float sum of n products may be off by, relative to the largest result.
inline double sum_bound(std::int64_t n) { return 3e-7 * (3 + std::sqrt(static_cast<double>(n))); }

}  // namespace dcgan::test
