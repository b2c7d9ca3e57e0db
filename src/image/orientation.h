// Cameras store pictures as the sensor lies and note in EXIF how to turn them.
#pragma once
#include <cstdint>
#include <span>

#include "image/image.h"

namespace dcgan {

/// Tag 0x0112 of the first directory of EXIF data, which are a TIFF file ("II*..." or "MM.*..."):
/// 1 to 8. 1, as stored, where it is missing or the data are damaged.
int exif_orientation(std::span<const std::uint8_t> tiff);

/// The picture as it is meant to be seen.
Image turned_upright(Image picture, int orientation);

}  // namespace dcgan
