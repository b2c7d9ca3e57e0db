// The emulated devices' memory: one arena, allocations between red zones, poisoned until written.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "simt/memory/zeroed_pages.h"

namespace simt {

class DeviceMemory {
 public:
  explicit DeviceMemory(std::size_t bytes) : bytes_(bytes), arena_(bytes) {}

  /// A multiple of 256 bytes of that device, poisoned; null where there is no room.
  void* allocate(std::size_t bytes, int device);
  /// Damage found in the red zones; empty: none. Throws std::invalid_argument where `memory` is not
  /// an allocation.
  std::string release(void* memory);
  /// What that device has left. The arena is as large as one device's memory, and all share it.
  std::size_t free_bytes(int device) const;
  std::size_t total_bytes() const { return bytes_; }

  bool contains(const void* p) const { return offset_of(p) < bytes_; }
  /// Whether all bytes lie within one allocation.
  bool holds(const void* p, std::size_t bytes) const;
  /// The device that owns p, which must lie in an allocation.
  int device_of(const void* p) const;
  const char* arena() const { return arena_.data(); }
  /// "12 bytes past the end of an allocation of 400 bytes"
  std::string describe(const void* p) const;

 private:
  static constexpr std::size_t red_zone_bytes = 256;
  struct Allocation {
    std::size_t bytes;
    int device;
  };
  std::size_t offset_of(const void* p) const {
    return reinterpret_cast<std::uintptr_t>(p) - reinterpret_cast<std::uintptr_t>(arena());
  }
  std::size_t bytes_;
  ZeroedPages<char> arena_;
  std::map<std::size_t, Allocation> allocations_;  // by offset
};

}  // namespace simt
