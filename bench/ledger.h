// An account of the time and the arithmetic of each op. The time is the device's: an op lies
// between two marks in the order of its work, read once the device is there, so that the host runs
// ahead as it does without them. Where it does not get ahead, an op's time includes the wait for
// its launch.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backend/recording.h"

namespace dcgan::bench {

/// What one op cost, summed over its calls.
struct OpCost {
  double seconds = 0;
  double flops = 0;
  std::int64_t calls = 0;
};

/// By Op::label().
using Account = std::map<std::string, OpCost>;

/// The ops that a backend is asked for.
class Ledger {
 public:
  /// Of a backend, which must outlive it.
  explicit Ledger(Backend& backend) : timeline_(backend.timeline()) {}

  /// For make_recording_backend; the ledger must outlive it.
  OpObserver observer() {
    return [this](const Op& op, const std::function<void()>& run) { enter(op, run); };
  }
  /// From now on ops are timed, or only counted, as at first. Marks have their cost: on a GPU an op
  /// of a few microseconds is longer with them.
  void time_ops(bool on) { timing_ = on; }

  /// The cost of all ops since the last clear(); waits for them.
  const Account& settle();
  void clear();

 private:
  struct Span {
    OpCost* cost;
    std::size_t from, to;
  };
  void enter(const Op& op, const std::function<void()>& run);

  std::unique_ptr<Timeline> timeline_;
  bool timing_ = false;
  Account account_;
  std::vector<Span> spans_;  // since the last settle()
};

}  // namespace dcgan::bench
