// What the benchmarks' main functions share.
#pragma once
#include <cstdio>
#include <exception>

namespace dcgan::bench {

/// run(argc, argv), or one line on stderr and 1 where it throws.
inline int run_program(const char* name, int (*run)(int, char**), int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", name, e.what());
    return 1;
  }
}

}  // namespace dcgan::bench
