#include "bench/step_timing.h"

#include <algorithm>
#include <chrono>

namespace dcgan::bench {

StepWorkload::StepWorkload(Backend& backend, const Config& config)
    : config_(config),
      at_once_(backend.asynchronous() ? 16 : 1),
      model_(make_model(backend, config)) {
  const std::int64_t bytes = images * image_shape(config).size();
  std::vector<std::uint8_t> host(static_cast<std::size_t>(bytes));
  std::uint32_t state = 1;
  for (std::uint8_t& pixel : host)
    pixel = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  pixels_ = backend.allocate(host.size());
  backend.upload(pixels_.u8(), host.data(), host.size());
  // Of a GAN that is told the classes a row for each image, of a classifier a number.
  const std::int64_t columns = std::max<std::int64_t>(1, config.classes);
  std::vector<std::uint8_t> labels(static_cast<std::size_t>(images * columns));
  if (columns > 1 && task_of(config.preset) == Task::gan)
    for (std::int64_t i = 0; i < images; ++i)
      labels[static_cast<std::size_t>(i * columns + i % columns)] = 1;
  labels_ = backend.allocate(labels.size());
  backend.upload(labels_.u8(), labels.data(), labels.size());
}

double StepWorkload::timed_ms(int steps) {
  const auto start = std::chrono::steady_clock::now();
  const std::int64_t rows = config_.batch_size;
  std::vector<Batch> batches;
  for (std::int64_t step = step_; step < step_ + steps; ++step)
    batches.push_back({.pixels = pixels_.u8(),
                       .count = images,
                       .first = step * rows % (images - rows + 1),
                       .rows = rows,
                       .labels = labels_.u8()});
  model_->queue_steps(batches, step_);
  measures_ = model_->take_measures().back();
  step_ += steps;
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
             .count() /
         steps;
}

std::vector<double> StepWorkload::timed_steps(int steps) {
  std::vector<double> milliseconds;
  for (int left = steps; left > 0; left -= at_once_)
    milliseconds.push_back(timed_ms(std::min(left, at_once_)));
  return milliseconds;
}

StepTimes time_steps(const Config& config, int warm_up, int steps, bool with_ops) {
  StepTimes times;
  times.steps = steps;
  const std::unique_ptr<Backend> backend = make_backend(config);
  times.device = backend->name() + ", " + backend->description();
  {
    StepWorkload workload(*backend, config);
    for (int i = 0; i < warm_up; ++i) workload.timed_ms();
    std::vector<double> milliseconds = workload.timed_steps(steps);
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
