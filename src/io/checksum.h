// CRC-32, by zlib: against damage, not against forgery.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace dcgan {

class Checksum {
 public:
  void add(std::span<const std::byte> bytes);
  void add(std::string_view text);

  std::uint32_t value() const { return value_; }
  /// Eight hexadecimal digits.
  std::string text() const;

 private:
  std::uint32_t value_ = 0;
};

}  // namespace dcgan
