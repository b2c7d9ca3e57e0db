// A reader of files or words from outside, as fuzzers and tests see it: any bytes may come, and an
// Error is all that it may throw.
#pragma once
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace dcgan::fuzz {

/// Some random damage that knows nothing of the format.
using Damage = std::function<std::string(const std::string&)>;

struct Fuzzer {
  const char* name;
  void (*read)(const std::string& input);
  std::vector<std::string> (*seeds)();  ///< inputs that are read without an Error
  /// What such inputs are full of: the fuzzer's dictionary. May be null.
  std::vector<std::string> (*words)() = nullptr;
  /// A damaged copy of an input, for formats that bytes alone would seldom pass: with checksums,
  /// packed, or with lengths that must fit. May be null: `bytes` alone.
  std::string (*damage)(const std::string& input, unsigned seed, const Damage& bytes) = nullptr;
};

extern const Fuzzer fuzz_checkpoint, fuzz_config, fuzz_gz, fuzz_idx, fuzz_log, fuzz_pictures,
    fuzz_safetensors, fuzz_set, fuzz_tape;

/// What must hold of whatever a reader has accepted.
inline void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

}  // namespace dcgan::fuzz
