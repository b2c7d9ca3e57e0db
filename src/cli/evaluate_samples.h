// The pictures that `evaluate` judges: drawn from a checkpoint, or read.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dcgan::cli {

struct EvaluateOptions {
  std::string checkpoint, samples, seed = "1", data, json, sheets, judge, backend = "auto", threads;
  std::optional<std::int64_t> count;
};

constexpr int judged_side = 28;  // of pictures that can be judged; they are grey

struct Samples {
  std::string name;  ///< what they are, for people
  std::int64_t count = 0;
  std::vector<std::uint8_t> pixels;  ///< [count, side, side]
};

/// Finds what is wrong with the options alone; throws UsageError.
void check_options(const EvaluateOptions& options);

/// Those of --checkpoint, a file, or of --samples, as the bytes of pictures. Throws Error naming
/// the file for pictures that cannot be judged: of another size, or with values that are no finite
/// numbers.
Samples get_samples(const EvaluateOptions& options);

}  // namespace dcgan::cli
