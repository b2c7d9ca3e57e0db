// Spherical interpolation between Gaussian vectors: on the straight way their lengths, and so what
// the generator has learnt to expect, would shrink.
#include "train/latent_path.h"

#include <cmath>
#include <cstddef>
#include <utility>

namespace dcgan {
namespace {

double product(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * double{b[i]};
  return sum;
}

/// a * x + b * y.
std::vector<float> combined(std::span<const float> a, double x, std::span<const float> b,
                            double y) {
  std::vector<float> sum(a.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    sum[i] = static_cast<float>(double{a[i]} * x + double{b[i]} * y);
  return sum;
}

}  // namespace

std::vector<float> spherical(std::span<const float> a, std::span<const float> b, double t) {
  const double length_a = std::sqrt(product(a, a)), length_b = std::sqrt(product(b, b));
  constexpr double least_sine = 1e-6;  // below it an arc is straight, or has no direction
  if (length_a == 0 || length_b == 0) return combined(a, 1 - t, b, t);
  const double cosine = product(a, b) / (length_a * length_b);
  const double sine = cosine < 1 && cosine > -1 ? std::sqrt(1 - cosine * cosine) : 0;
  if (sine < least_sine) return combined(a, 1 - t, b, t);
  const double angle = std::atan2(sine, cosine);
  const double length = length_a * (1 - t) + length_b * t;
  return combined(a, std::sin((1 - t) * angle) / sine * length / length_a, b,
                  std::sin(t * angle) / sine * length / length_b);
}

LatentPath::LatentPath(std::vector<float> keys, std::int64_t latent, PathShape shape,
                       std::int64_t between, std::int64_t cells)
    : keys_(std::move(keys)),
      latent_(latent),
      between_(between),
      cells_(cells),
      steps_(static_cast<std::int64_t>(keys_.size()) / (latent * cells)),
      shape_(shape) {}

std::int64_t LatentPath::size(PathShape shape, std::int64_t steps, std::int64_t between,
                              std::int64_t cells) {
  switch (shape) {
    case PathShape::pairs:
      return (steps - 1) * (between + 2) * cells;
    case PathShape::open:
      return ((steps - 1) * (between + 1) + 1) * cells;
    case PathShape::loop:
      break;
  }
  return steps * (between + 1) * cells;
}

std::int64_t LatentPath::size() const { return size(shape_, steps_, between_, cells_); }

std::span<const float> LatentPath::key(std::int64_t step, std::int64_t cell) const {
  const std::int64_t at = (step % steps_ * cells_ + cell) * latent_;
  return std::span(keys_).subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(latent_));
}

std::vector<float> LatentPath::vectors(std::int64_t first, std::int64_t count) const {
  std::vector<float> out;
  out.reserve(static_cast<std::size_t>(count * latent_));
  const std::int64_t period = shape_ == PathShape::pairs ? between_ + 2 : between_ + 1;
  for (std::int64_t i = first; i < first + count; ++i) {
    const std::int64_t place = i / cells_, cell = i % cells_;
    const std::int64_t step = place / period, part = place % period;
    const std::span<const float> from = key(step, cell), to = key(step + 1, cell);
    if (part == 0)
      out.insert(out.end(), from.begin(), from.end());  // to the bit
    else if (part == between_ + 1)
      out.insert(out.end(), to.begin(), to.end());
    else {
      const double t = static_cast<double>(part) / static_cast<double>(between_ + 1);
      const std::vector<float> vector = spherical(from, to, t);
      out.insert(out.end(), vector.begin(), vector.end());
    }
  }
  return out;
}

}  // namespace dcgan
