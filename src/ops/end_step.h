// The end of a training step. What changes from step to step is in device memory, so that the ops
// of every step are the same, and a device can run them all by itself.
#pragma once
#include <cstdint>

#include "ops/op.h"

namespace dcgan {

/// Keeps what was measured of the running step, number *position of those whose states the host has
/// sent, and goes on to the next: measured[*position] = measures, ++*position, and state =
/// states[*position] where there is such a one. After the last the first comes again, so that
/// whoever repeats the op, as a benchmark does, stays within the arrays.
struct EndStep {
  std::int64_t steps;           ///< that `states` and `measured` have room for
  std::int64_t measure_count;   ///< of a step
  const float* measures;        ///< [measure_count]
  float* measured;              ///< [steps, measure_count]
  std::int64_t words;           ///< of a state
  const std::uint64_t* states;  ///< [steps, words]
  std::uint64_t* state;         ///< [words], of the running step
  std::int64_t* position;       ///< `steps` after the last
};

double least_bytes(const EndStep& end);
Op describe(const EndStep& end);

}  // namespace dcgan
