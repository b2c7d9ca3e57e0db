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

/// Values in [-1, 1] as bytes, rounded; what is no number becomes 0.
std::vector<std::uint8_t> to_bytes(const std::vector<float>& values);

/// Decodes a PNG or JPEG as `channels` (1, 3, or 0: as stored); alpha is dropped, pictures of more
/// than 64 megapixels are refused. Throws Error, which says what to do but not with which file.
Image decode_image(std::span<const std::uint8_t> file, int channels = 0);

/// The same for a file on disk, which the Error names.
Image read_image(const std::string& path, int channels = 0);

/// Writes a PNG, whole or not at all. Throws Error naming the file.
void write_png(const std::string& path, const Image& image);

}  // namespace dcgan
