#include "bench/loss_comparison.h"

#include <cmath>
#include <memory>
#include <utility>

#include "bench/step_timing.h"

namespace dcgan::bench {
namespace {

std::vector<StepLosses> losses_of(const Config& config, const std::string& backend_name,
                                  int steps) {
  const std::unique_ptr<Backend> backend = make_backend(backend_name, config.threads);
  StepWorkload workload(*backend, config);
  std::vector<StepLosses> losses;
  for (int i = 0; i < steps; ++i) {
    workload.timed_ms();
    losses.push_back(workload.losses());
  }
  return losses;
}

}  // namespace

double LossComparison::largest_difference() const {
  double largest = 0;
  for (std::size_t i = 0; i < here.size(); ++i)
    for (const auto& [a, b] : {std::pair(here[i].generator, there[i].generator),
                               std::pair(here[i].discriminator, there[i].discriminator)}) {
      const double reference = static_cast<double>(b);
      const double difference =
          std::abs(static_cast<double>(a) - reference) / std::fmax(1.0, std::abs(reference));
      if (std::isnan(difference)) return difference;
      largest = std::fmax(largest, difference);
    }
  return largest;
}

LossComparison compare_losses(const Config& config, const std::string& other, int steps) {
  return {losses_of(config, config.backend, steps), losses_of(config, other, steps)};
}

}  // namespace dcgan::bench
