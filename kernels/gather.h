// A batch of images from the data set on the device, shuffled and normalised.
#pragma once
#include "kernels/random.h"

namespace dcgan::DCGAN_TARGET {

/// out[i] = (pixels[index(first + i)] - 127.5) / 127.5 for i < batch, where index is the
/// permutation of [0, count) at `shuffle`; images have image_size bytes.
struct GatherParameters {
  const std::uint8_t* pixels;
  std::int64_t count, image_size;
  PhiloxAddress shuffle;
  std::int64_t first;
};

void gather(const GatherParameters& parameters, std::int64_t batch, float* out,
            cudaStream_t stream);

}  // namespace dcgan::DCGAN_TARGET
