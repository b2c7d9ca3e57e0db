// What `sample` was asked for: how many pictures, from which latent vectors, in which grid.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/sample_output.h"
#include "dcgan/generator.h"

namespace dcgan::cli {

struct SampleOptions {
  std::string checkpoint, out, grid, latents, seed = "1", backend = "auto", threads;
  std::optional<std::int64_t> count, interpolate, label;
};

/// The pictures' latent vectors, and of a GAN of classes their labels, given out as they are
/// needed.
struct SamplePlan {
  Target target = Target::png;
  Grid grid;               ///< of .png all pictures, of .gif those of a frame
  std::int64_t count = 0;  ///< of pictures
  std::function<std::vector<float>(std::int64_t first, std::int64_t count)> latents;
  std::vector<std::uint8_t> labels(std::int64_t first, std::int64_t count) const;

  std::int64_t classes = 0;           ///< that the GAN knows
  std::optional<std::int64_t> label;  ///< of all pictures; else each class in its turn:
  std::int64_t turn = 1;              ///< pictures before the next class has its turn
  std::int64_t turns = 1;             ///< and then the first one again
};

/// Throws UsageError for what does not fit together, and Error for a file of latent vectors that
/// cannot be used, naming it. The generator must live as long as the plan.
SamplePlan plan_sample(const SampleOptions& options, Generator& generator, std::uint64_t seed);

/// Finds what is wrong with the options alone, before a checkpoint is read; throws UsageError.
void check_options(const SampleOptions& options);

}  // namespace dcgan::cli
