// Lines with the time that is left.
#include "io/progress.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace dcgan {

Progress::Progress(std::string what, std::size_t total) : what_(std::move(what)), total_(total) {}

void Progress::done(std::size_t count) {
  const std::chrono::duration<double> elapsed = Clock::now() - start_;
  const double seconds = elapsed.count();
  if (seconds < next_) return;
  next_ = seconds + std::clamp(seconds, 2.0, 30.0);
  const double each = seconds / static_cast<double>(count);
  const double left = each * static_cast<double>(total_ - count);
  spdlog::info("{} of {} {}, {:.0f} {} left", count, total_, what_, left < 120 ? left : left / 60,
               left < 120 ? "s" : "min");
}

}  // namespace dcgan
