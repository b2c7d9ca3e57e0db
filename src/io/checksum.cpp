#include "io/checksum.h"

#include <zlib.h>

#include <cstdio>

namespace dcgan {

void Checksum::add(std::span<const std::byte> bytes) {
  value_ = static_cast<std::uint32_t>(
      crc32_z(value_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

void Checksum::add(std::string_view text) { add(std::as_bytes(std::span(text))); }

std::string Checksum::text() const {
  char digits[9];
  std::snprintf(digits, sizeof digits, "%08x", value_);
  return digits;
}

}  // namespace dcgan
