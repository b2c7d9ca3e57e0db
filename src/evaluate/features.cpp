#include "evaluate/features.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "dcgan/error.h"
#include "evaluate/products.h"

namespace dcgan {
namespace {

using Eigen::Index;

void check(std::span<const float> values, std::int64_t size) {
  const auto wrong =
      std::find_if_not(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
  if (wrong != values.end())
    throw Error("features: those of picture " +
                std::to_string((wrong - values.begin()) / size + 1) +
                " have a value that is no finite number; the network that gave them has diverged");
  const std::int64_t count = std::ssize(values) / size;
  if (count <= neighbours)
    throw Error("features of " + std::to_string(count) + " pictures; expected " +
                std::to_string(neighbours + 1) + " or more");
}

/// Covariances in two passes: differences from the mean lose nothing where the mean is large.
void find_moments(Features& f) {
  const Rows values(f.values.data(), f.count, f.size);
  const Eigen::RowVectorXd mean = values.colwise().mean();
  const Matrix centred = values.rowwise() - mean;
  const Matrix covariance =
      centred.transpose() * centred / static_cast<double>(std::max<std::int64_t>(1, f.count - 1));
  f.mean.assign(mean.data(), mean.data() + mean.size());
  f.covariance.assign(covariance.data(), covariance.data() + covariance.size());
}

/// The smallest few of the numbers shown to it.
class Smallest {
 public:
  Smallest() { list_.fill(std::numeric_limits<double>::infinity()); }
  void see(double x) {
    if (x >= list_.back()) return;
    std::size_t at = list_.size() - 1;
    for (; at > 0 && list_[at - 1] > x; --at) list_[at] = list_[at - 1];
    list_[at] = x;
  }
  double largest() const { return list_.back(); }

 private:
  std::array<double, neighbours> list_;  // ascending
};

void find_neighbours(Features& f, int threads) {
  const Rows values(f.values.data(), f.count, f.size);
  const auto size = static_cast<double>(f.size);
  std::vector<double> kernels(f.squares.size());  // sums over each vector's pairs
  f.radii.resize(f.squares.size());
  for_blocks_of_products(
      values, values, threads, [&](Index first, const Eigen::Ref<const Matrix>& products) {
        for (Index row = 0; row < products.rows(); ++row) {
          const auto own = static_cast<std::size_t>(first + row);
          const double itself = products(row, first + row) / size + 1;
          kernels[own] =
              (products.row(row).array() / size + 1).cube().sum() - itself * itself * itself;
          Smallest nearest;
          for (std::size_t other = 0; other < f.squares.size(); ++other)
            if (other != own)
              nearest.see(squared_distance(f.squares[own], f.squares[other],
                                           products(row, static_cast<Index>(other))));
          f.radii[own] = nearest.largest();
        }
      });
  const auto count = static_cast<double>(f.count);
  f.kernel_mean = std::accumulate(kernels.begin(), kernels.end(), 0.0) / (count * (count - 1));
}

}  // namespace

double Features::spread() const {
  double variance = 0;
  for (std::int64_t i = 0; i < size; ++i)
    variance += covariance[static_cast<std::size_t>(i * size + i)];
  return std::sqrt(variance);
}

Features describe_features(std::span<const float> values, std::int64_t size, int threads) {
  check(values, size);
  Features f;
  f.count = std::ssize(values) / size;
  f.size = size;
  f.values.assign(values.begin(), values.end());
  const Rows rows(f.values.data(), f.count, size);
  for (Index i = 0; i < rows.rows(); ++i) f.squares.push_back(rows.row(i).squaredNorm());
  find_moments(f);
  find_neighbours(f, threads);
  return f;
}

}  // namespace dcgan
