#include "simt/profile/access_log.h"

#include <algorithm>

namespace simt::profile {
namespace {

constexpr std::uint64_t sector_bytes = 32, word_bytes = 4, banks = 32;

/// Every access lies in one sector: it is aligned, and no wider than 16 bytes.
void count_global(const Request& r, Counts& counts) {
  auto address = r.address;
  const auto end = address.begin() + r.lanes;
  if (!std::is_sorted(address.begin(), end)) std::sort(address.begin(), end);
  std::uint64_t distinct = 0, sector = ~std::uint64_t{0}, last = ~std::uint64_t{0};
  for (auto at = address.begin(); at != end; ++at) {
    if (*at / sector_bytes != sector) ++counts.sectors;
    sector = *at / sector_bytes;
    if (*at != last) ++distinct;
    last = *at;
  }
  counts.ideal_sectors = (distinct * r.instruction->bytes + sector_bytes - 1) / sector_bytes;
}

/// Passes over the banks for the lanes first .. end - 1 of the request: the most distinct words
/// that they want of one bank. At most 32 words, all lanes together.
unsigned ways(const Request& r, int first, int end) {
  std::array<std::uint64_t, banks> wanted;  // words, each once
  std::array<std::uint8_t, banks> of_bank{};
  std::size_t words = 0;
  unsigned most = 0;
  for (int i = first; i < end; ++i) {
    const std::uint64_t from = r.address[static_cast<std::size_t>(i)] / word_bytes;
    const std::uint64_t behind =
        from + std::max<std::uint64_t>(r.instruction->bytes / word_bytes, 1);
    for (std::uint64_t word = from; word < behind; ++word) {
      const auto known = wanted.begin() + static_cast<std::ptrdiff_t>(words);
      std::uint8_t& bank = of_bank[word % banks];
      if (bank > 0 && std::find(wanted.begin(), known, word) != known) continue;
      wanted[words++] = word;
      most = std::max<unsigned>(most, ++bank);
    }
  }
  return most;
}

void count_shared(const Request& r, Counts& counts) {
  const int bytes = r.instruction->bytes;
  const int lanes_per_pass = bytes <= 4 ? 32 : bytes == 8 ? 16 : 8;
  for (int i = 0; i < r.lanes;) {
    const int pass = r.lane[static_cast<std::size_t>(i)] / lanes_per_pass;
    int end = i;
    while (end < r.lanes && r.lane[static_cast<std::size_t>(end)] / lanes_per_pass == pass) ++end;
    const unsigned here = ways(r, i, end);
    counts.wavefronts += here;
    counts.ideal_wavefronts += 1;
    counts.most_ways = std::max(counts.most_ways, here);
    i = end;
  }
}

}  // namespace

void Counts::add(const Counts& other) {
  requests += other.requests, lanes += other.lanes, bytes += other.bytes;
  sectors += other.sectors, ideal_sectors += other.ideal_sectors;
  wavefronts += other.wavefronts, ideal_wavefronts += other.ideal_wavefronts;
  most_ways = std::max(most_ways, other.most_ways);
}

Counts count(const Request& r) {
  Counts counts;
  counts.requests = 1;
  counts.lanes = static_cast<std::uint64_t>(r.lanes);
  counts.bytes = counts.lanes * r.instruction->bytes;
  r.instruction->space == Space::global ? count_global(r, counts) : count_shared(r, counts);
  return counts;
}

}  // namespace simt::profile
