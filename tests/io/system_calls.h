// open() and fsync() of the program under test, which here can fail as an operating system's do.
#pragma once
#include <string>
#include <vector>

namespace dcgan::test {

struct SystemCalls {
  std::vector<int> open_errors, fsync_errors;  ///< of the next calls; 0: none
  std::vector<std::string> synced;             ///< what fsync() was called for and did
};
SystemCalls& system_calls();

}  // namespace dcgan::test
