// A set of pictures as a classifier sees them: one feature vector each, and what comparing the set
// with another needs of it alone.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace dcgan {

/// Each vector's neighbourhood reaches to its fifth nearest neighbour (Naeem et al., 2020).
constexpr std::int64_t neighbours = 5;

struct Features {
  std::int64_t count = 0, size = 0;
  std::vector<double> values;      ///< [count, size]
  std::vector<double> mean;        ///< [size]
  std::vector<double> covariance;  ///< [size, size], unbiased: divided by count - 1
  std::vector<double> squares;     ///< [count], |u|^2
  std::vector<double> radii;       ///< [count], the squared distance to the fifth nearest other
  double kernel_mean = 0;          ///< of (u.v / size + 1)^3 over all pairs of different vectors

  /// Root mean square distance from the mean: sqrt(trace(covariance)).
  double spread() const;
};

/// Of values [count, size]. The result is the same on any number of threads. Throws Error for fewer
/// than neighbours + 1 vectors, and for a value that is no finite number, naming its vector.
Features describe_features(std::span<const float> values, std::int64_t size, int threads);

/// |u - v|^2 from |u|^2, |v|^2 and u.v, and exactly 0 where rounding is all that is left: equal
/// vectors have no distance, wherever they stand.
inline double squared_distance(double u, double v, double product) {
  const double both = u + v, distance = both - 2 * product;
  return distance > 1e-12 * both ? distance : 0;
}

}  // namespace dcgan
