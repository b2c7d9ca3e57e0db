// The up to 256 colours that stand for all of a picture's.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace dcgan {

struct ReducedColours {
  std::vector<std::array<std::uint8_t, 3>> palette;  ///< at most 256
  std::vector<std::uint8_t> indices;                 ///< into the palette, one per pixel
};

/// The colours of RGB pixels: exactly them if they are no more than 256, else near ones. Grey stays
/// grey: what has three equal values is given three equal values.
ReducedColours reduce_colours(std::span<const std::uint8_t> rgb);

}  // namespace dcgan
