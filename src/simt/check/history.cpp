#include "simt/check/history.h"

#include <algorithm>

#include "simt/execution/call_text.h"

namespace simt::check {

History& history() {
  static auto* const all = new History;
  return *all;
}

std::uint64_t History::begin(OperationRecord operation) {
  std::erase_if(operations_, [&](const OperationRecord& o) {
    return o.order.sequence <= operation.order.settled_to;
  });
  operation.first_run = current_first_ = next_run_;
  next_run_ += operation.runs;
  all_precede_below_ = current_first_;
  for (const OperationRecord& o : operations_)
    if (!operation.order.follows(o.order)) {
      all_precede_below_ = o.first_run;
      break;
    }
  operations_.push_back(std::move(operation));
  return current_first_;
}

const OperationRecord& History::of(std::uint64_t run) const {
  const auto after =
      std::upper_bound(operations_.begin(), operations_.end(), run,
                       [](std::uint64_t r, const OperationRecord& o) { return r < o.first_run; });
  return *std::prev(after);
}

bool History::precedes_by_record(std::uint64_t run) const {
  return operations_.back().order.follows(of(run).order);
}

std::string block_name(const OperationRecord& operation, std::uint64_t run) {
  return "block " + text(index_in(operation.grid, run - operation.first_run));
}

std::string thread_name(const OperationRecord& operation, int thread) {
  return "thread " + text(index_in(operation.block, static_cast<unsigned>(thread)));
}

}  // namespace simt::check
