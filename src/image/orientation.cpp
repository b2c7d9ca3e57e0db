#include "image/orientation.h"

#include <algorithm>
#include <cstddef>

namespace dcgan {
namespace {

class Tiff {
 public:
  explicit Tiff(std::span<const std::uint8_t> data)
      : data_(data), big_endian_(!data.empty() && data[0] == 'M') {}

  /// 0 beyond the end.
  std::size_t number(std::size_t at, std::size_t bytes) const {
    if (at > data_.size() || data_.size() - at < bytes) return 0;
    std::size_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i)
      value = value << 8 | data_[at + (big_endian_ ? i : bytes - 1 - i)];
    return value;
  }

 private:
  std::span<const std::uint8_t> data_;
  bool big_endian_;
};

}  // namespace

int exif_orientation(std::span<const std::uint8_t> data) {
  constexpr std::size_t magic = 42, entry_bytes = 12, tag = 0x0112;
  const Tiff tiff(data);
  if (tiff.number(2, 2) != magic) return 1;
  const std::size_t directory = tiff.number(4, 4), entries = tiff.number(directory, 2);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + i * entry_bytes;
    if (tiff.number(entry, 2) != tag) continue;
    const std::size_t value = tiff.number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Image turned_upright(Image picture, int orientation) {
  if (orientation == 1) return picture;
  // Which way the stored picture's axes run in the upright one.
  const bool swapped = orientation >= 5;
  const bool x_mirrored = orientation == 2 || orientation == 3 || orientation >= 7;
  const bool y_mirrored =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const int channels = picture.channels;
  Image out{swapped ? picture.height : picture.width, swapped ? picture.width : picture.height,
            channels, std::vector<std::uint8_t>(picture.pixels.size())};
  std::uint8_t* to = out.pixels.data();
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x, to += channels) {
      const int column = swapped ? y : x, row = swapped ? x : y;
      const std::size_t from_x = x_mirrored ? picture.width - 1 - column : column;
      const std::size_t from_y = y_mirrored ? picture.height - 1 - row : row;
      std::copy_n(&picture.pixels[(from_y * picture.width + from_x) * channels], channels, to);
    }
  return out;
}

}  // namespace dcgan
