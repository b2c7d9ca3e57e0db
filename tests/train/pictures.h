// A made-up data set.
#pragma once
#include <cstdint>

#include "dcgan/dataset.h"

namespace dcgan::test {

/// Pictures of 28x28 that look like nothing and are the same everywhere.
inline Dataset pictures(std::int64_t count) {
  Dataset data;
  data.name = "test";
  data.count = count;
  data.height = data.width = 28;
  data.channels = 1;
  const std::size_t bytes = static_cast<std::size_t>(count) * data.image_bytes();
  for (std::size_t i = 0; i < bytes; ++i)
    data.pixels.push_back(static_cast<std::uint8_t>(i * 2654435761u >> 13));
  return data;
}

}  // namespace dcgan::test
