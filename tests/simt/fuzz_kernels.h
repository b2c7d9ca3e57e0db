// A kernel that does what a table says, to hold the race detector against a definition of races.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace dcgan::test {

constexpr int fuzz_threads = 64, fuzz_blocks = 2;

/// What a thread does to the one word, in a step.
enum class Touch : std::uint8_t { nothing, read, write, read_byte, write_byte };

struct Step {
  Touch touch = Touch::nothing;
  std::uint8_t byte = 0;
};

/// How threads meet after a step.
enum class Meeting : std::uint8_t { none, half_warp, warp, block };

struct Program {
  std::vector<Meeting> meetings;  // by step
  std::vector<Step> steps;        // [step][block][thread]
};

/// Runs it on a word of shared memory, or of global memory; what the machine said.
std::string run_on_shared(const Program& program);
std::string run_on_global(const Program& program);

}  // namespace dcgan::test
