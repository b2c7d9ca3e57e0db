// Replaces operator new; in a file of its own, so that no caller inlines half of the pair.
#include "train/count_allocations.h"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::size_t> smallest{SIZE_MAX};
std::atomic<std::size_t> counted{0};
}  // namespace

void* operator new(std::size_t bytes) {
  if (bytes >= smallest) ++counted;
  if (void* p = std::malloc(bytes ? bytes : 1)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace dcgan::test {

CountAllocations::CountAllocations(std::size_t bytes) {
  counted = 0;
  smallest = bytes;
}
CountAllocations::~CountAllocations() { smallest = SIZE_MAX; }
std::size_t CountAllocations::count() const { return counted; }

}  // namespace dcgan::test
