// Walks a JPEG's markers as stb_image does: bytes between segments are skipped up to the next one.
#include "image/jpeg_tables.h"

#include <algorithm>
#include <cstddef>

namespace dcgan {
namespace {

constexpr int marker_start = 0xFF, huffman_tables = 0xC4, end_of_image = 0xD9;

/// Markers that stand alone: a stuffed zero, restarts, start of image.
bool has_no_segment(int marker) {
  return marker == 0x00 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8);
}

/// A file that reads as zeros behind its end, as stb_image reads it.
struct Bytes {
  std::span<const unsigned char> file;
  int operator[](std::size_t at) const { return at < file.size() ? file[at] : 0; }
};

/// The tables from `at` on: a byte of class and number, 16 counts by code length, the codes. A
/// table that has begun is read whole, whatever the segment's length says.
bool tables_fit(const Bytes& bytes, std::size_t at, int length) {
  constexpr int counts = 16, most_codes = 256;
  while (length > 0) {
    int codes = 0;
    for (std::size_t i = 1; i <= counts; ++i) codes += bytes[at + i];
    if (codes > most_codes) return false;
    at += static_cast<std::size_t>(1 + counts + codes);
    length -= 1 + counts + codes;
  }
  return true;
}

}  // namespace

bool huffman_tables_fit(std::span<const unsigned char> file) {
  const Bytes bytes{file};
  if (bytes[0] != marker_start) return true;
  for (std::size_t at = 0; at < file.size();) {
    const int marker = bytes[at + 1];
    if (bytes[at] != marker_start || marker == marker_start) {
      ++at;
      continue;
    }
    at += 2;
    if (marker == end_of_image) return true;
    if (has_no_segment(marker)) continue;
    constexpr int length_bytes = 2;
    const int length = bytes[at] << 8 | bytes[at + 1];
    if (marker == huffman_tables && !tables_fit(bytes, at + length_bytes, length - length_bytes))
      return false;
    at += static_cast<std::size_t>(std::max(length_bytes, length));
  }
  return true;
}

}  // namespace dcgan
