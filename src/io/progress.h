// What is said of work that takes long, where there is no bar to show it.
#pragma once
#include <chrono>
#include <cstddef>
#include <string>

namespace dcgan {

/// Logs how far the work is: after two seconds, then ever more seldom, twice a minute at last.
class Progress {
 public:
  /// `what` is counted: "pictures read".
  Progress(std::string what, std::size_t total);
  void done(std::size_t count);

 private:
  using Clock = std::chrono::steady_clock;
  std::string what_;
  std::size_t total_;
  Clock::time_point start_ = Clock::now();
  double next_ = 2;  // seconds after the start
};

}  // namespace dcgan
