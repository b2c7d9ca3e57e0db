// Where kernels' __shared__ variables are: in thread-local storage, found through the program's
// symbol table. Each follows a red zone named simt_red_zone_<n>.
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
