// Memory of the cpu backend: aligned for any vector, zeroed, in huge pages where the system has
// them.
#pragma once
#include <cstddef>

#include "backend/backend.h"

namespace dcgan::cpu {

/// Throws Error if the allocation fails.
Buffer allocate_zeroed(std::size_t bytes);

inline Buffer allocate_floats(std::int64_t n) {
  return allocate_zeroed(static_cast<std::size_t>(n) * sizeof(float));
}

}  // namespace dcgan::cpu
