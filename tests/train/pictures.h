// A made-up data set.
#pragma once
#include <cstdint>

#include "dcgan/dataset.h"
#include "nn/layer_spec.h"

namespace dcgan::test {

/// Pictures that look like nothing and are the same everywhere.
inline Dataset pictures(std::int64_t count, const SampleShape& image = {28, 28, 1}) {
  Dataset data;
  data.name = "test";
  data.count = count;
  data.height = static_cast<int>(image.height);
  data.width = static_cast<int>(image.width);
  data.channels = static_cast<int>(image.channels);
  const std::size_t bytes = static_cast<std::size_t>(count) * data.image_bytes();
  for (std::size_t i = 0; i < bytes; ++i)
    data.pixels.push_back(static_cast<std::uint8_t>(i * 2654435761u >> 13));
  return data;
}

}  // namespace dcgan::test
