// The two decoders behind image.cpp, which see to all of Decoding but its channels. Each reads the
// header first and refuses pictures that are too large before it allocates their pixels; its Error
// does not name the file.
#pragma once
#include <cstdint>
#include <span>

#include "image/image.h"

namespace dcgan {

/// A black picture.
Image make_image(std::size_t width, std::size_t height, int channels);

/// Throws Error beyond 64 megapixels (2^26 pixels), and beyond most_pixels: what a file of this
/// many bytes can hold.
void check_size(std::size_t width, std::size_t height, std::size_t file_bytes,
                std::size_t most_pixels);

/// Grey for one component, RGB for three and for four (CMYK and YCCK, in Adobe's sense: 255 is no
/// ink). Baseline and progressive; a file whose data are damaged or cut off is refused.
Image decode_jpeg(std::span<const std::uint8_t> file, const Decoding& how);

/// Grey or RGB as stored, palettes as RGB, 16 bits rounded to 8. Chunks that do not change pixels,
/// and those that say how to display them (gamma, profiles), are ignored.
Image decode_png(std::span<const std::uint8_t> file, const Decoding& how);

}  // namespace dcgan
