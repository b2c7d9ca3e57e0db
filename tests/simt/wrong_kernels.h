// Kernels that are wrong, each with its corrected twin.
#pragma once
#include <functional>
#include <string>
#include <vector>

namespace dcgan::test {

struct WrongKernel {
  std::string name;
  /// Queues the work and waits for it; `wrong`, or its twin. The outcome is the machine's
  /// failure(), or else what this returns.
  std::function<std::string(bool wrong)> run;
  /// A regular expression that the report must contain: thread(s), and lines by their marks.
  std::string report;
};

std::vector<WrongKernel> wrong_kernels();
/// Those with fences and atomic operations.
std::vector<WrongKernel> wrong_counters();
/// Those with asynchronous copies and tensor cores.
std::vector<WrongKernel> wrong_copies();

}  // namespace dcgan::test
