#include "evaluate/distances.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>
#include <string>

#include "dcgan/error.h"
#include "evaluate/products.h"

namespace dcgan {
namespace {

using Eigen::Index;

/// Eigenvalues with those that are 0 but for rounding set to it: their roots would be millions of
/// times larger. Fewer vectors than features leave many such.
Eigen::VectorXd without_noise(const Eigen::VectorXd& eigenvalues) {
  const double noise = std::numeric_limits<double>::epsilon() *
                       static_cast<double>(eigenvalues.size()) * eigenvalues.cwiseAbs().maxCoeff();
  return (eigenvalues.array() > noise).select(eigenvalues, 0);
}

/// S^1/2 of a symmetric S without negative eigenvalues.
Matrix square_root(const Matrix& s) {
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(s);
  const Matrix& vectors = solver.eigenvectors();
  return vectors * without_noise(solver.eigenvalues()).cwiseSqrt().asDiagonal() *
         vectors.transpose();
}

/// Which vectors lie in whose balls.
class Balls {
 public:
  Balls(const Features& real, const Features& generated)
      : real_(real), generated_(generated), covered_(real.radii.size()), recalled_(covered_) {}

  /// Of the products of generated vectors, from `first` on, with all real ones.
  void add(Index first, const Eigen::Ref<const Matrix>& products) {
    std::int64_t balls = 0, inside = 0;
    std::vector<std::uint8_t> covered(covered_.size()), recalled(covered_.size());
    for (Index row = 0; row < products.rows(); ++row) {
      const auto i = static_cast<std::size_t>(first + row);
      const double square = generated_.squares[i], radius = generated_.radii[i];
      std::int64_t holding = 0;
      for (std::size_t j = 0; j < covered.size(); ++j) {
        const double distance =
            squared_distance(square, real_.squares[j], products(row, static_cast<Index>(j)));
        const bool held = distance < real_.radii[j];
        holding += held;
        covered[j] |= held;
        recalled[j] |= distance < radius;
      }
      balls += holding;
      inside += holding > 0;
    }
    const std::lock_guard lock(mutex_);  // whole numbers and flags: any order gives the same
    balls_ += balls;
    inside_ += inside;
    for (std::size_t j = 0; j < covered.size(); ++j) {
      covered_[j] |= covered[j];
      recalled_[j] |= recalled[j];
    }
  }

  void write(Distances& d) const {
    const auto generated = static_cast<double>(generated_.count);
    const auto share = [](const std::vector<std::uint8_t>& flags) {
      return static_cast<double>(std::count(flags.begin(), flags.end(), 1)) /
             static_cast<double>(flags.size());
    };
    d.precision = static_cast<double>(inside_) / generated;
    d.recall = share(recalled_);
    d.density = static_cast<double>(balls_) / (static_cast<double>(neighbours) * generated);
    d.coverage = share(covered_);
  }

 private:
  const Features &real_, &generated_;
  std::mutex mutex_;
  std::int64_t balls_ = 0, inside_ = 0;
  std::vector<std::uint8_t> covered_, recalled_;  // by real vector
};

}  // namespace

double frechet_distance(const Features& a, const Features& b) {
  const Rows mean_a(a.mean.data(), 1, a.size), mean_b(b.mean.data(), 1, b.size);
  const Rows s_a(a.covariance.data(), a.size, a.size), s_b(b.covariance.data(), b.size, b.size);
  const Matrix root = square_root(s_a);
  const Matrix product = root * s_b * root;
  // The product's lower half is read, so rounding cannot make it other than symmetric.
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(product, Eigen::EigenvaluesOnly);
  const double cross = without_noise(solver.eigenvalues()).cwiseSqrt().sum();
  const double distance = (mean_a - mean_b).squaredNorm() + s_a.trace() + s_b.trace() - 2 * cross;
  return std::max(0.0, distance);
}

Distances compare(const Features& real, const Features& generated, int threads) {
  if (real.size != generated.size)
    throw Error("feature vectors of " + std::to_string(real.size) + " and of " +
                std::to_string(generated.size) + " values cannot be compared");
  Distances d;
  Balls balls(real, generated);
  const auto size = static_cast<double>(real.size);
  std::vector<double> kernels(generated.squares.size());  // sums over each vector's pairs
  for_blocks_of_products({generated.values.data(), generated.count, generated.size},
                         {real.values.data(), real.count, real.size}, threads,
                         [&](Index first, const Eigen::Ref<const Matrix>& products) {
                           for (Index row = 0; row < products.rows(); ++row)
                             kernels[static_cast<std::size_t>(first + row)] =
                                 (products.row(row).array() / size + 1).cube().sum();
                           balls.add(first, products);
                         });
  balls.write(d);
  const double between = std::accumulate(kernels.begin(), kernels.end(), 0.0) /
                         (static_cast<double>(real.count) * static_cast<double>(generated.count));
  d.kernel = real.kernel_mean + generated.kernel_mean - 2 * between;
  d.frechet = frechet_distance(real, generated);
  return d;
}

}  // namespace dcgan
