// A kernel that does what a table says, to hold the race detector against a definition of races.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace dcgan::test {

constexpr int fuzz_threads = 64, fuzz_words = 3;

/// What a thread does to a word, in a step; a fence is of no word.
enum class Touch : std::uint8_t { nothing, read, write, read_byte, write_byte, change, fence };

struct Step {
  Touch touch = Touch::nothing;
  std::uint8_t byte = 0, word = 0;
};

/// How threads meet after a step.
enum class Meeting : std::uint8_t { none, half_warp, warp, block };

struct Program {
  int blocks = 2;
  std::vector<Meeting> meetings;  // by step
  std::vector<Step> steps;        // [step][block][thread]
};

struct Outcome {
  std::string said;  // by the machine
  /// By step, as in Program: how many changes of its word came before this one. No change, or none
  /// that was run: no_ticket.
  std::vector<unsigned> tickets;
};
constexpr unsigned no_ticket = ~0U;

/// Runs it on words of shared memory, without changes, or of global memory; all are 0 at first.
Outcome run_on_shared(const Program& program);
Outcome run_on_global(const Program& program);

}  // namespace dcgan::test
