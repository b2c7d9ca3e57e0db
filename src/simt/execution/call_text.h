// Numbers and indices of threads and blocks, and how reports speak of them and of the operations
// that threads wait in.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "simt/language/device_language.h"

namespace simt {

/// The blocks of a grid, or the threads of a block.
inline std::uint64_t count_of(dim3 extent) { return std::uint64_t{extent.x} * extent.y * extent.z; }

/// The index of the i-th of them, i unsigned.
template <class Number>
uint3 index_in(dim3 extent, Number i) {
  const Number row = i / extent.x;
  return {static_cast<unsigned>(i % extent.x), static_cast<unsigned>(row % extent.y),
          static_cast<unsigned>(row / extent.y)};
}

inline std::string text(const Place& place) {
  const std::string file = place.file_name();
  return file.substr(file.rfind('/') + 1) + ":" + std::to_string(place.line());
}

inline bool same(const Place& a, const Place& b) {
  return a.line() == b.line() &&
         (a.file_name() == b.file_name() || std::string_view(a.file_name()) == b.file_name());
}

inline std::string text(uint3 i) {
  return "(" + std::to_string(i.x) + "," + std::to_string(i.y) + "," + std::to_string(i.z) + ")";
}

inline const char* name(WarpOp op) {
  constexpr const char* names[] = {"__syncwarp",       "__shfl_sync",     "__shfl_up_sync",
                                   "__shfl_down_sync", "__shfl_xor_sync", "__ballot_sync",
                                   "mma.sync"};
  return names[static_cast<int>(op)];
}

}  // namespace simt
