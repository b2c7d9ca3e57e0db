// What a run will take, of memory, disk and time, said before it does.
#pragma once
#include <cstdint>
#include <string>

#include "dcgan/config.h"
#include "dcgan/trainer.h"

namespace dcgan::cli {

/// "1.2 GiB", "34 MiB".
std::string bytes_text(std::int64_t bytes);
/// "40 s", "12 min", "3.4 h", "5.1 days".
std::string time_text(double seconds);

/// Memory of a run on this backend: of its networks, of what its convolutions work in, and of its
/// pixels, which a backend in host memory has twice.
std::int64_t memory_bytes(const Config& config, std::int64_t pixel_bytes,
                          const std::string& backend);

struct StepTime {
  double seconds;
  bool of_few_images;  ///< and so a guess: a step of all would have taken too long to wait for
};
/// Times steps on made-up pictures, for a few seconds.
StepTime measure_step(const Config& config);

/// Says how long an epoch takes, once, when the first steps tell.
class EpochEstimate {
 public:
  /// A line to print, or nothing.
  std::string after(const StepResult& step, const Trainer& trainer);

 private:
  std::int64_t steps_ = 0;
  double seconds_ = 0;
};

}  // namespace dcgan::cli
