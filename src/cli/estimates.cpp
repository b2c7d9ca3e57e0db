#include "cli/estimates.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <variant>
#include <vector>

#include "cli/messages.h"
#include "io/size_text.h"
#include "models/models.h"
#include "train/model.h"

namespace dcgan::cli {
namespace {

Dataset made_up_pictures(const Config& config, std::int64_t count) {
  const SampleShape image = image_shape(config);
  Dataset data;
  data.name = "made-up pictures";
  data.count = count;
  data.height = static_cast<int>(image.height);
  data.width = static_cast<int>(image.width);
  data.channels = static_cast<int>(image.channels);
  data.pixels.resize(static_cast<std::size_t>(count) * data.image_bytes());
  data.labels.resize(static_cast<std::size_t>(count));
  return data;
}

/// The shortest of `steps` steps of so many images, after one that plans them.
double step_seconds(Config config, std::int64_t batch_size, int steps) {
  config.batch_size = batch_size;
  Trainer trainer(config, made_up_pictures(config, batch_size));
  trainer.train_step();
  double shortest = trainer.train_step().milliseconds;
  for (int i = 1; i < steps; ++i) shortest = std::min(shortest, trainer.train_step().milliseconds);
  return shortest / 1e3;
}

}  // namespace

std::string bytes_text(std::int64_t bytes) {
  constexpr std::int64_t mib = 1 << 20, gib = 1 << 30;
  return bytes < gib / 10 ? message("{} MiB", (bytes + mib / 2) / mib)
                          : gib_text(static_cast<std::uint64_t>(bytes));
}

std::string time_text(double seconds) {
  if (seconds < 9.5) return message("{:.1f} s", seconds);
  if (seconds < 90) return message("{:.0f} s", seconds);
  if (seconds < 90 * 60) return message("{:.0f} min", seconds / 60);
  if (seconds < 36 * 3600) return message("{:.1f} h", seconds / 3600);
  return message("{:.1f} days", seconds / 86400);
}

std::int64_t memory_bytes(const Config& config, std::int64_t pixel_bytes,
                          const std::string& backend) {
  bool convolves = false;
  for (const NetworkSpec& network : network_specs(config))
    for (const LayerSpec& l : network.layers)
      convolves = convolves || std::holds_alternative<layer::Conv2d>(l);
  // What the cpu backend's convolutions work in was measured, as the largest resident set of three
  // steps: 0.4 to 0.8 of the networks, for dcgan, tf-tutorial and dcgan-32 to dcgan-128.
  const std::int64_t networks = model_bytes(config),
                     work = backend == "cpu" && convolves ? networks * 7 / 10 : 0;
  return networks + work + (backend == "cuda" ? 1 : 2) * pixel_bytes;
}

StepTime measure_step(const Config& config) {
  // A step takes a time of its own and one for each image: two small batches tell both.
  constexpr std::int64_t few = 4, more = 16;
  constexpr double longest_seconds = 1.5;
  if (config.batch_size > more) {
    const double of_few = step_seconds(config, few, 1), of_more = step_seconds(config, more, 1);
    const double each = std::max(0.0, of_more - of_few) / static_cast<double>(more - few);
    const double all = of_more + each * static_cast<double>(config.batch_size - more);
    if (all > longest_seconds) return {all, true};
  }
  return {step_seconds(config, config.batch_size, 3), false};
}

std::string EpochEstimate::after(const StepResult& step, const Trainer& trainer) {
  constexpr std::int64_t measured = 2;  // behind the first, which plans its ops
  ++steps_;
  if (steps_ > 1 && steps_ <= 1 + measured) seconds_ += step.milliseconds / 1e3;
  const std::int64_t left = trainer.total_steps() - step.step;
  if (steps_ != 1 + measured || left == 0) return "";
  const double each = seconds_ / static_cast<double>(measured);
  return message("  about {} an epoch, {} to the end\n",
                 time_text(each * static_cast<double>(trainer.steps_per_epoch())),
                 time_text(each * static_cast<double>(left)));
}

}  // namespace dcgan::cli
