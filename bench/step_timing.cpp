#include "bench/step_timing.h"

#include <algorithm>
#include <chrono>

namespace dcgan::bench {

StepWorkload::StepWorkload(Backend& backend, const Config& config)
    : config_(config), model_(make_model(backend, config)) {
  const std::int64_t bytes = images * image_shape(config).size();
  std::vector<std::uint8_t> host(static_cast<std::size_t>(bytes));
  std::uint32_t state = 1;
  for (std::uint8_t& pixel : host)
    pixel = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  pixels_ = backend.allocate(host.size());
  backend.upload(pixels_.u8(), host.data(), host.size());
  labels_ = backend.allocate(static_cast<std::size_t>(images));
}

double StepWorkload::timed_ms() {
  const auto start = std::chrono::steady_clock::now();
  const std::int64_t rows = config_.batch_size;
  const std::int64_t first = step_ * rows % (images - rows + 1);
  model_->train_step({pixels_.u8(), images, 0, first, rows, 0, labels_.u8()}, step_++);
  model_->measures();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

StepTimes time_steps(const Config& config, int warm_up, int steps, bool with_ops) {
  StepTimes times;
  times.steps = steps;
  const std::unique_ptr<Backend> backend = make_backend(config.backend, config.threads);
  times.device = backend->name() + ", " + backend->description();
  {
    StepWorkload workload(*backend, config);
    for (int i = 0; i < warm_up; ++i) workload.timed_ms();
    std::vector<double> milliseconds;
    for (int i = 0; i < steps; ++i) milliseconds.push_back(workload.timed_ms());
    std::sort(milliseconds.begin(), milliseconds.end());
    times.minimum_ms = milliseconds.front();
    times.median_ms = milliseconds[milliseconds.size() / 2];
  }
  // Other steps, since marks take time.
  Ledger ledger(*backend);
  const std::unique_ptr<Backend> recorded = make_recording_backend(*backend, ledger.observer());
  StepWorkload workload(*recorded, config);
  ledger.clear();  // what the networks' initial weights took
  workload.timed_ms();
  for (const auto& [label, cost] : ledger.settle()) times.gflop += cost.flops * 1e-9;
  if (!with_ops) return times;
  for (int i = 1; i < warm_up; ++i) workload.timed_ms();
  ledger.clear();
  ledger.time_ops(true);
  for (int i = 0; i < steps; ++i) {
    workload.timed_ms();
    ledger.settle();
  }
  times.account = ledger.settle();
  return times;
}

}  // namespace dcgan::bench
