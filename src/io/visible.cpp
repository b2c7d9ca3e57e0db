// Walks over UTF-8.
#include "io/visible.h"

#include <algorithm>

namespace dcgan {
namespace {

unsigned byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

/// How many bytes of `text` make its first character; 0 if it is a control character or not UTF-8.
std::size_t printable_bytes(std::string_view text) {
  const unsigned first = byte_at(text, 0);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  if (first < 0xc2 || first > 0xf4) return 0;
  const std::size_t bytes = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (bytes > text.size()) return 0;
  for (std::size_t i = 1; i < bytes; ++i)
    if (byte_at(text, i) >> 6 != 0b10) return 0;
  // U+0080 to U+009F are control characters too: terminals take U+009B for ESC [.
  return first == 0xc2 && byte_at(text, 1) < 0xa0 ? 0 : bytes;
}

}  // namespace

std::string visible(std::string_view text) {
  static const char* digits = "0123456789abcdef";
  std::string shown;
  while (!text.empty()) {
    const std::size_t bytes = printable_bytes(text);
    if (bytes > 0) {
      shown += text.substr(0, bytes);
    } else {
      shown += {'\\', 'x', digits[byte_at(text, 0) >> 4], digits[byte_at(text, 0) & 15]};
    }
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return shown;
}

}  // namespace dcgan
