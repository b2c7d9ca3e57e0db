// Times training steps as Trainer takes them, from random pixels.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "bench/ledger.h"
#include "dcgan/config.h"
#include "train/model.h"

namespace dcgan::bench {

class StepWorkload {
 public:
  StepWorkload(Backend& backend, const Config& config);
  /// Runs so many steps, queued at once, to their end, measures read. Milliseconds of each.
  double timed_ms(int steps = 1);
  /// Of so many steps milliseconds per step: of each, or on a GPU, which is not to wait for the
  /// host between two steps, of groups of up to 16 (tools/compare/protocol.py does the same).
  std::vector<double> timed_steps(int steps);
  /// Of the last step.
  const Measures& measures() const { return measures_; }

 private:
  static constexpr std::int64_t images = 8192;
  Config config_;
  int at_once_;
  std::unique_ptr<Model> model_;
  Buffer pixels_, labels_;
  std::int64_t step_ = 0;
  Measures measures_{};
};

struct StepTimes {
  std::string device;
  double minimum_ms = 0, median_ms = 0;
  double gflop = 0;  ///< per step, of the formulas
  Account account;   ///< of as many further steps, timed op by op
  int steps = 0;

  double gflop_per_s() const { return gflop / median_ms * 1e3; }
};

StepTimes time_steps(const Config& config, int warm_up, int steps, bool with_ops = false);

}  // namespace dcgan::bench
