#include "simt/memory/device_memory.h"

#include <sys/mman.h>

#include <iterator>
#include <stdexcept>

#include "simt/memory/poison.h"

namespace simt {
namespace {

std::size_t rounded(std::size_t bytes) { return (bytes + 255) / 256 * 256; }

std::string allocation_of(std::size_t bytes) {
  return "an allocation of " + std::to_string(bytes) + " bytes";
}

}  // namespace

void* DeviceMemory::allocate(std::size_t bytes, int device) {
  if (bytes > bytes_) return nullptr;
  const std::size_t wanted = red_zone_bytes + rounded(bytes) + red_zone_bytes;
  std::size_t at = 0;  // first fit
  for (const auto& [offset, allocation] : allocations_) {
    if (at + wanted <= offset - red_zone_bytes) break;
    at = offset + rounded(allocation.bytes) + red_zone_bytes;
  }
  if (at + wanted > bytes_) return nullptr;
  poison(&arena_[at], wanted);
  allocations_[at + red_zone_bytes] = {bytes, device};
  return &arena_[at + red_zone_bytes];
}

std::string DeviceMemory::release(void* memory) {
  const auto found = contains(memory) ? allocations_.find(offset_of(memory)) : allocations_.end();
  if (found == allocations_.end()) throw std::invalid_argument("not an allocation");
  const std::size_t offset = found->first, bytes = found->second.bytes;
  std::string damage;
  const std::size_t words = (bytes + 7) / 8 * 8;
  if (!is_poison(&arena_[offset - red_zone_bytes], red_zone_bytes))
    damage = "something wrote in front of " + allocation_of(bytes);
  else if (!is_poison(&arena_[offset + words], rounded(bytes) + red_zone_bytes - words))
    damage = "something wrote behind " + allocation_of(bytes);
  allocations_.erase(found);
  // Give whole pages back.
  constexpr std::size_t page = 4096;
  const std::size_t begin = (offset + page - 1) / page * page, end = (offset + bytes) / page * page;
  if (begin < end) madvise(&arena_[begin], end - begin, MADV_DONTNEED);
  return damage;
}

std::size_t DeviceMemory::free_bytes(int device) const {
  std::size_t used = 0;
  for (const auto& [offset, allocation] : allocations_)
    if (allocation.device == device) used += rounded(allocation.bytes) + 2 * red_zone_bytes;
  return bytes_ - used;
}

bool DeviceMemory::holds(const void* p, std::size_t bytes) const {
  if (!contains(p)) return false;
  const std::size_t at = offset_of(p);
  auto next = allocations_.upper_bound(at);
  if (next == allocations_.begin()) return false;
  --next;
  return at + bytes <= next->first + next->second.bytes;
}

int DeviceMemory::device_of(const void* p) const {
  return std::prev(allocations_.upper_bound(offset_of(p)))->second.device;
}

std::string DeviceMemory::describe(const void* p) const {
  const std::size_t at = offset_of(p);
  auto next = allocations_.upper_bound(at);
  std::string nearest = "outside any allocation";
  std::size_t distance = bytes_;
  if (next != allocations_.end()) {
    distance = next->first - at;
    nearest = std::to_string(distance) + " bytes in front of " + allocation_of(next->second.bytes);
  }
  if (next != allocations_.begin()) {
    --next;
    const std::size_t bytes = next->second.bytes, end = next->first + bytes;
    if (at < end)
      return "at byte " + std::to_string(at - next->first) + " of " + allocation_of(bytes);
    if (at - end < distance)
      nearest = std::to_string(at - end) + " bytes past the end of " + allocation_of(bytes);
  }
  return nearest;
}

}  // namespace simt
