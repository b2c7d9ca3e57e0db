// A batch of images from the data set on the device, shuffled and normalised to [-1, 1].
#pragma once
#include <cstdint>

#include "ops/op.h"
#include "ops/random.h"

namespace dcgan {

/// Which images are mirrored, left to right: image i of the data set where the lowest bit of Philox
/// block i at `address` is 1.
struct Mirror {
  RandomAddress address{};
  std::int64_t width = 0, channels = 1;  ///< width 0: none is

  std::int64_t row() const { return width * channels; }
};

/// out[i] = (pixels[index(first + i)] - 127.5) / 127.5 for i < batch, where index is the
/// permutation of [0, count) at `shuffle`.
struct Gather {
  const std::uint8_t* pixels;  ///< [count, image_size]
  std::int64_t count, image_size;
  RandomAddress shuffle;
  std::int64_t first, batch;
  float* out;       ///< [batch, image_size]
  Mirror mirror{};  ///< image_size is a multiple of its row
};

double least_bytes(const Gather& gather);
Op describe(const Gather& gather);

}  // namespace dcgan
