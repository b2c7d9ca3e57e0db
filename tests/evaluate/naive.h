// The distances once more, in the plainest way: every pair by itself, nothing shared.
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "evaluate/distances.h"

namespace dcgan::test {

using Vectors = std::vector<std::vector<float>>;

inline double naive_distance(const std::vector<float>& u, const std::vector<float>& v) {
  double sum = 0;
  for (std::size_t i = 0; i < u.size(); ++i) sum += std::pow(double(u[i]) - v[i], 2);
  return std::sqrt(sum);
}

inline double naive_kernel(const std::vector<float>& u, const std::vector<float>& v) {
  double sum = 0;
  for (std::size_t i = 0; i < u.size(); ++i) sum += double(u[i]) * v[i];
  return std::pow(sum / static_cast<double>(u.size()) + 1, 3);
}

/// The mean kernel over all pairs, or those of different places.
inline double naive_kernel_mean(const Vectors& a, const Vectors& b, bool different) {
  double sum = 0, pairs = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < b.size(); ++j) {
      if (different && i == j) continue;
      sum += naive_kernel(a[i], b[j]);
      ++pairs;
    }
  return sum / pairs;
}

/// Whether `x` lies in the ball of set[i].
inline bool naive_holds(const Vectors& set, std::size_t i, const std::vector<float>& x) {
  std::vector<double> others;
  for (std::size_t j = 0; j < set.size(); ++j)
    if (j != i) others.push_back(naive_distance(set[i], set[j]));
  std::sort(others.begin(), others.end());
  return naive_distance(set[i], x) < others[neighbours - 1];
}

/// All but the Frechet distance.
inline Distances naive_distances(const Vectors& real, const Vectors& generated) {
  Distances d;
  d.kernel = naive_kernel_mean(real, real, true) + naive_kernel_mean(generated, generated, true) -
             2 * naive_kernel_mean(real, generated, false);
  std::vector<int> holding(generated.size()), held(real.size());
  for (std::size_t i = 0; i < real.size(); ++i)
    for (std::size_t j = 0; j < generated.size(); ++j)
      if (naive_holds(real, i, generated[j])) {
        ++holding[j];
        ++held[i];
      }
  const double reals = double(real.size()), fakes = double(generated.size());
  for (const int n : holding) {
    d.precision += (n > 0) / fakes;
    d.density += n / (double(neighbours) * fakes);
  }
  for (std::size_t i = 0; i < real.size(); ++i) {
    d.coverage += (held[i] > 0) / reals;
    bool inside = false;
    for (std::size_t j = 0; j < generated.size(); ++j)
      inside = inside || naive_holds(generated, j, real[i]);
    d.recall += inside / reals;
  }
  return d;
}

/// Entry (i, j) of the covariance.
inline double naive_covariance(const Vectors& set, std::size_t i, std::size_t j) {
  double mean_i = 0, mean_j = 0, sum = 0;
  const double n = double(set.size());
  for (const auto& x : set) {
    mean_i += x[i] / n;
    mean_j += x[j] / n;
  }
  for (const auto& x : set) sum += (x[i] - mean_i) * (x[j] - mean_j);
  return sum / (n - 1);
}

/// Of vectors of two: the eigenvalues of a 2x2 matrix M >= 0 have roots whose sum is
/// sqrt(tr M + 2 sqrt(det M)), and M = S1 S2 has those of S1^1/2 S2 S1^1/2.
inline double naive_frechet_in_two(const Vectors& a, const Vectors& b) {
  double distance = 0, s[2][2], t[2][2];
  for (std::size_t i = 0; i < 2; ++i) {
    double mean_a = 0, mean_b = 0;
    for (const auto& x : a) mean_a += x[i] / double(a.size());
    for (const auto& x : b) mean_b += x[i] / double(b.size());
    distance += std::pow(mean_a - mean_b, 2);
    for (std::size_t j = 0; j < 2; ++j) {
      s[i][j] = naive_covariance(a, i, j);
      t[i][j] = naive_covariance(b, i, j);
    }
    distance += s[i][i] + t[i][i];
  }
  const double trace =
      s[0][0] * t[0][0] + s[0][1] * t[1][0] + s[1][0] * t[0][1] + s[1][1] * t[1][1];
  const double determinant =
      (s[0][0] * s[1][1] - s[0][1] * s[1][0]) * (t[0][0] * t[1][1] - t[0][1] * t[1][0]);
  return distance - 2 * std::sqrt(trace + 2 * std::sqrt(determinant));
}

}  // namespace dcgan::test
