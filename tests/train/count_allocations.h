// Counts what a piece of code asks of operator new.
#pragma once
#include <cstddef>

namespace dcgan::test {

/// While one is alive, allocations of at least `bytes` are counted in the whole program.
class CountAllocations {
 public:
  explicit CountAllocations(std::size_t bytes);
  ~CountAllocations();
  std::size_t count() const;
};

}  // namespace dcgan::test
