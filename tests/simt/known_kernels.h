// Kernels whose every request can be counted on paper.
#pragma once
#include <string>

namespace dcgan::test {

/// Launches the kernel of that name, and waits for it.
void run_known_kernel(const std::string& name);

}  // namespace dcgan::test
