#include "io/size_text.h"

namespace dcgan {

std::string gib_text(std::uint64_t bytes) {
  constexpr std::uint64_t gib = std::uint64_t{1} << 30;
  const std::uint64_t tenths = bytes / gib * 10 + bytes % gib * 10 / gib;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GiB";
}

}  // namespace dcgan
