// Batches gathered in shuffled order.
#pragma once
#include <optional>

#include "ops/case.h"

namespace dcgan::test {

/// Images whose rows have so many pixels, and of which some are mirrored; of width 0 none is.
struct MirroredRows {
  std::int64_t width = 0, channels = 1;
};

/// A range other than [-1, 1]: (pixel - offset) / scale.
struct Levels {
  float offset, scale;
};

class GatherCase final : public Case {
 public:
  /// stride: of rows in the result, whose rest is to stay as it is; 0: image_size. in_memory: the
  /// op finds its place in the order, and the order itself, in device memory.
  GatherCase(std::int64_t count, std::int64_t image_size, std::int64_t first, std::int64_t batch,
             MirroredRows mirrored = {}, std::optional<Levels> levels = {}, std::int64_t stride = 0,
             bool in_memory = false)
      : count_(count),
        image_size_(image_size),
        first_(first),
        batch_(batch),
        mirrored_(mirrored),
        levels_(levels),
        stride_(stride),
        in_memory_(in_memory) {}
  std::string name() const override;
  std::vector<Pass> passes() const override;
  std::unique_ptr<Run> start(Backend& backend) const override;
  std::vector<Expected> expected() const override;

 private:
  Gather gather(const std::uint8_t* pixels, float* out) const;

  std::int64_t count_, image_size_, first_, batch_;
  MirroredRows mirrored_;
  std::optional<Levels> levels_;
  std::int64_t stride_;
  bool in_memory_;
};

}  // namespace dcgan::test
