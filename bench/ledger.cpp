#include "bench/ledger.h"

namespace dcgan::bench {

void Ledger::enter(const Op& op, const std::function<void()>& run) {
  OpCost& cost = account_[op.label()];
  cost.flops += op.flops;
  ++cost.calls;
  if (!timing_) return run();
  const std::size_t from = timeline_->mark();
  run();
  spans_.push_back({&cost, from, timeline_->mark()});
}

const Account& Ledger::settle() {
  for (const Span& span : spans_) span.cost->seconds += timeline_->seconds(span.from, span.to);
  spans_.clear();
  timeline_->clear();
  return account_;
}

void Ledger::clear() {
  spans_.clear();
  timeline_->clear();
  account_.clear();
}

}  // namespace dcgan::bench
