// The transforms of dft_transform.cpp walk hundreds of pages at once: with pages of 2 MiB a core
// can translate all their addresses without looking them up.
#include "backend/cpu/memory.h"

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "dcgan/error.h"

namespace dcgan::cpu {

Buffer allocate_zeroed(std::size_t bytes) {
  constexpr std::size_t cache_line = 64, huge_page = std::size_t{2} << 20;
  const std::size_t alignment = bytes >= huge_page ? huge_page : cache_line;
  const std::size_t rounded =
      std::max<std::size_t>((bytes + alignment - 1) / alignment, 1) * alignment;
  void* data = std::aligned_alloc(alignment, rounded);
  if (!data)
    throw Error("out of memory: allocating " + std::to_string(rounded >> 20) + " MiB failed");
#ifdef MADV_HUGEPAGE
  if (alignment == huge_page) madvise(data, rounded, MADV_HUGEPAGE);  // a hint: it may be refused
#endif
  std::memset(data, 0, rounded);
  return Buffer(data, bytes, std::free);
}

}  // namespace dcgan::cpu
