// Inputs, tolerances and differences that all cases share.
#include "ops/case.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace dcgan::test {
namespace {

std::vector<OpCases>& known() {
  static std::vector<OpCases> all;
  return all;
}

}  // namespace

const std::vector<OpCases>& op_cases() { return known(); }

AddOpCases::AddOpCases(const OpCases& cases) {
  const auto at = std::find_if(known().begin(), known().end(),
                               [&](const OpCases& c) { return c.op > cases.op; });
  known().insert(at, cases);
}

Expected near(std::string name, std::vector<double> values, double bound) {
  double largest = 0;
  for (const double v : values) largest = std::max(largest, std::abs(v));
  return {std::move(name), std::move(values), bound * largest};
}

Expected exact(std::string name, const std::vector<float>& values) {
  return {std::move(name), widened(values), 0};
}

Slope slope(std::string of, const std::function<double(const Floats&)>& loss, const Floats& x,
            const Floats& gradient, double step, double bound) {
  const Floats direction = normal_floats(static_cast<std::int64_t>(x.size()), 1234);
  Floats above = x, below = x;
  double derivative = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    above[i] += static_cast<float>(step) * direction[i];
    below[i] -= static_cast<float>(step) * direction[i];
    // With the distance as it was rounded.
    derivative += static_cast<double>(gradient[i]) *
                  (static_cast<double>(above[i]) - static_cast<double>(below[i])) / (2 * step);
  }
  return {std::move(of), derivative, (loss(above) - loss(below)) / (2 * step),
          bound * std::sqrt(dot(gradient, gradient))};
}

double dot(const Floats& a, const Floats& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

std::vector<double> widened(const Floats& v) { return {v.begin(), v.end()}; }

Floats normal_floats(std::int64_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Floats v(static_cast<std::size_t>(n));
  for (float& x : v) x = normal(random);
  return v;
}

std::vector<std::uint8_t> random_mask(std::int64_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::uint8_t> v(static_cast<std::size_t>(n));
  for (std::uint8_t& x : v) x = random() % 10 < 7;
  return v;
}

double sum_bound(std::int64_t n) { return 3e-7 * (3 + std::sqrt(static_cast<double>(n))); }

}  // namespace dcgan::test
