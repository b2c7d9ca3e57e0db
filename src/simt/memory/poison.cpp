#include "simt/memory/poison.h"

#include <cstdint>
#include <cstring>

namespace simt {

void poison(void* memory, std::size_t bytes) {
  auto* to = static_cast<char*>(memory);
  const std::uint64_t words = std::uint64_t{poison_word} * 0x100000001u;
  for (; bytes >= sizeof words; bytes -= sizeof words, to += sizeof words)
    std::memcpy(to, &words, sizeof words);
  std::memcpy(to, &words, bytes);
}

bool is_poison(const void* memory, std::size_t bytes) {
  const auto* from = static_cast<const char*>(memory);
  const std::uint64_t words = std::uint64_t{poison_word} * 0x100000001u;
  for (; bytes >= sizeof words; bytes -= sizeof words, from += sizeof words)
    if (std::memcmp(from, &words, sizeof words) != 0) return false;
  return std::memcmp(from, &words, bytes) == 0;
}

}  // namespace simt
