// 8-bit pictures in memory and on disk.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace dcgan {

/// [height, width, channels] bytes, row-major; channels is 1 (grey) or 3 (RGB).
struct Image {
  int width = 0;
  int height = 0;
  int channels = 1;
  std::vector<std::uint8_t> pixels;
};

/// Values in [-1, 1] as bytes, rounded; NaN becomes 0.
std::vector<std::uint8_t> to_bytes(const std::vector<float>& values);

/// The picture as grey, the luma of JPEG, or as RGB.
Image with_channels(const Image& image, int channels);

/// How a file becomes a picture.
struct Decoding {
  int channels = 0;      ///< 1 (grey), 3 (RGB), or 0: as stored
  int background = 255;  ///< the level behind what is transparent; -1: as if nothing were
  bool upright = true;   ///< turned and mirrored as EXIF says
  /// Not 0: a JPEG may be reduced to 1/2, 1/4 or 1/8, which is faster, as long as its shorter side
  /// keeps so many pixels.
  int least_side = 0;
};

/// Decodes a PNG or JPEG. Refused are pictures of more than 64 megapixels, and of more than their
/// file can hold, before their pixels are allocated. Throws Error, which says what to do but not
/// with which file.
Image decode_image(std::span<const std::uint8_t> file, const Decoding& how = {});

/// The same for a file on disk, which the Error names.
Image read_image(const std::string& path, const Decoding& how = {});

/// Writes a PNG, whole or not at all. Throws Error naming the file.
void write_png(const std::string& path, const Image& image);

}  // namespace dcgan
