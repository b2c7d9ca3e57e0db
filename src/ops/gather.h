// A batch of images from the data set on the device, shuffled, their pixels as floats of a range.
// Labels are images of one pixel, or of one for each class.
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

  std::int64_t row() const;  ///< values of a row
};

/// out[i] = (pixels[index(first + i)] - offset) / scale for i < batch, where index is the
/// permutation of [0, count) at `shuffle`. Rounded once where pixel - offset is exact.
struct Gather {
  const std::uint8_t* pixels;  ///< [count, image_size]
  std::int64_t count, image_size;
  RandomAddress shuffle;
  std::int64_t first, batch;
  float* out;             ///< [batch, image_size], in rows of stride
  Mirror mirror{};        ///< image_size is a multiple of its row
  float offset = 127.5F;  ///< with scale to [-1, 1]; 0 and 255: to [0, 1]; 0 and 1: as they are
  float scale = 127.5F;
  std::int64_t stride = 0;  ///< floats from one image to the next; 0: image_size
  const std::int64_t* first_in_memory = nullptr;  ///< of the device; if set, it has `first`

  std::int64_t row() const;  ///< the stride that this comes to
};

double least_bytes(const Gather& gather);
Op describe(const Gather& gather);

}  // namespace dcgan
