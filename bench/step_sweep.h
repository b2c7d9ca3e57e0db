// How a training step's cost grows with the batch, the width of the networks and the threads.
#pragma once
#include <string>
#include <vector>

#include "bench/step_timing.h"

namespace dcgan::bench {

/// One point of a sweep: a preset with one of its quantities changed.
struct SweepPoint {
  std::string preset, quantity;  ///< "batch", "width" or "threads"
  double value;
  StepTimes times;
};

/// Batches of 32 to 1024 images, widths of 1, 2 and 4, threads from 1 to all cores, each with the
/// other two as the preset has them. Prints each point.
std::vector<SweepPoint> sweep(const std::vector<Config>& presets, int steps);

/// Writes a PNG: a panel per quantity, ms per step of each preset over it. Throws Error naming the
/// file.
void plot_sweep(const std::string& path, const std::vector<SweepPoint>& points);

}  // namespace dcgan::bench
