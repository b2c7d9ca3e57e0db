// A backend that passes every call on and keeps account of the time and the arithmetic per op. The
// time is the device's: an op lies between two marks in the order of its work, read once the device
// is there, so that the host runs ahead as it does without them. Where it does not get ahead, an
// op's time includes the wait for its launch.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"

namespace dcgan::bench {

/// What one op cost, summed over its calls.
struct OpCost {
  double seconds = 0;
  double flops = 0;  ///< nominal: 2 * multiply-adds of the direct form, edges counted as if full
  std::int64_t calls = 0;
};

/// Names are "dense 100x6272 forward", "batch_norm 128 backward", "adam" ...
using Account = std::map<std::string, OpCost>;

/// The ops that a backend was asked for.
class Ledger {
 public:
  /// Of a backend, which must outlive it.
  explicit Ledger(Backend& backend) : timeline_(backend.timeline()) {}

  /// From now on ops are timed, or only counted, as at first. Marks have their cost: on a GPU an op
  /// of a few microseconds is longer with them.
  void time_ops(bool on) { timing_ = on; }

  template <class Call>
  void run(const std::string& name, double flops, const Call& call) {
    OpCost& cost = account_[name];
    cost.flops += flops;
    ++cost.calls;
    if (!timing_) return call();
    const std::size_t from = timeline_->mark();
    call();
    spans_.push_back({&cost, from, timeline_->mark()});
  }

  /// The cost of all ops since the last clear(); waits for them.
  const Account& settle();
  void clear();

 private:
  struct Span {
    OpCost* cost;
    std::size_t from, to;
  };
  std::unique_ptr<Timeline> timeline_;
  bool timing_ = false;
  Account account_;
  std::vector<Span> spans_;  // since the last settle()
};

/// A decorator of `inner`, which must outlive it; so must `ledger`.
std::unique_ptr<Backend> make_timed_backend(Backend& inner, Ledger& ledger);

}  // namespace dcgan::bench
