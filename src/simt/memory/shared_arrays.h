// Where kernels' __shared__ variables are: thread-local storage, found through the symbol table of
// the program, where each stands behind a red zone that is named simt_red_zone_<n>.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace simt {

struct SharedArray {
  std::size_t offset;  // in a thread's block of thread-local storage
  std::size_t bytes;
  std::string symbol;
};

/// All of the program's, by offset; empty where it has been stripped.
const std::vector<SharedArray>& shared_arrays();

/// The calling thread's block of thread-local storage, to which offsets are relative.
char* thread_storage();

}  // namespace simt
