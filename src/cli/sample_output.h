// Where sample's pictures go: a picture, an array, an animation, or a folder of pictures.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace dcgan::cli {

enum class Target { png, npy, gif, folder };

/// By the ending of the name, or because there is a folder of that name. Throws UsageError.
Target target_of(const std::string& out);

struct Grid {
  int rows = 0, columns = 0;
  std::int64_t cells() const { return std::int64_t{rows} * columns; }
};

struct PictureSize {
  int height = 0, width = 0, channels = 0;
  std::int64_t values() const { return std::int64_t{height} * width * channels; }
};

/// Takes pictures as they are drawn. What is finished is on disk, whole.
class SampleOutput {
 public:
  virtual ~SampleOutput() = default;
  /// Whole pictures in [-1, 1], [n, height, width, channels].
  virtual void add(std::span<const float> pictures) = 0;
  virtual void finish() = 0;
};

/// For `count` pictures. Of .png the grid holds them all, and one alone is written pixel for pixel;
/// of .gif each frame has one picture per cell. Arrays and folders have no grid.
std::unique_ptr<SampleOutput> make_output(Target target, const std::string& out, std::int64_t count,
                                          const PictureSize& size, const Grid& grid);

}  // namespace dcgan::cli
