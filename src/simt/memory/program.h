// The program or library that this code was linked into, as it lies in memory.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace simt {

struct Program {
  std::string path;
  std::uintptr_t begin = 0;
  char* thread_storage = nullptr;  // the calling thread's block of thread-local storage
  struct Range {
    std::uintptr_t begin, end;
  };
  std::vector<Range> constants;  // what it can read but never write
};

Program this_program();

}  // namespace simt
