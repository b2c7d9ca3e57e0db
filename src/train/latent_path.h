// Paths through latent space, from key vector to key vector.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace dcgan {

/// The vector at t, in [0, 1], of the way from a to b: its direction runs along the arc between
/// theirs at a constant pace (spherical interpolation), its length grows linearly. Where there is
/// no such arc, one being zero or both opposite, the way is straight.
std::vector<float> spherical(std::span<const float> a, std::span<const float> b, double t);

enum class PathShape {
  pairs,  ///< for each pair of neighbours both, and what is between
  open,   ///< from the first key vector to the last
  loop    ///< and back to the first, which is not repeated
};

/// `between` vectors from each key vector to the next. With several cells every one goes its own
/// way, side by side: key vector k of cell c is number k * cells + c, and so with the path's.
class LatentPath {
 public:
  /// keys: [steps * cells, latent], two steps at least.
  LatentPath(std::vector<float> keys, std::int64_t latent, PathShape shape, std::int64_t between,
             std::int64_t cells = 1);

  /// The number of vectors that a path has.
  static std::int64_t size(PathShape shape, std::int64_t steps, std::int64_t between,
                           std::int64_t cells = 1);
  std::int64_t size() const;
  /// Vectors first to first + count, [count, latent].
  std::vector<float> vectors(std::int64_t first, std::int64_t count) const;

 private:
  std::span<const float> key(std::int64_t step, std::int64_t cell) const;

  std::vector<float> keys_;
  std::int64_t latent_, between_, cells_, steps_;
  PathShape shape_;
};

}  // namespace dcgan
