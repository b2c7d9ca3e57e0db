// Which operations have run on the device, and which of them certainly precede the one that runs
// now. Each block of a launch, and each copy, has a run number.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "simt/language/vector_types.h"
#include "simt/streams/operation_order.h"

namespace simt::check {

/// An operation that has run, and how to speak of it.
struct OperationRecord {
  std::uint64_t first_run = 0, runs = 0;
  OperationOrder order{};
  std::string what{};  // "kernel conv", "a copy of 400 bytes to the device"
  bool launch = false;
  dim3 grid{}, block{};
};

class History {
 public:
  /// An operation begins; it becomes the current one. Its first run's number.
  std::uint64_t begin(OperationRecord operation);
  /// Whether everything in that run certainly precedes the current operation.
  bool precedes_current(std::uint64_t run) const {
    if (run < all_precede_below_) return true;
    return run < current_first_ && precedes_by_record(run);
  }
  bool is_of_current(std::uint64_t run) const { return run >= current_first_; }
  /// Whether both runs are of the same operation, and that is not the current one.
  bool one_past_operation(std::uint64_t a, std::uint64_t b) const {
    return a < current_first_ && b < current_first_ && &of(a) == &of(b);
  }
  /// The operation of a run that may be concurrent with the current one.
  const OperationRecord& of(std::uint64_t run) const;

 private:
  bool precedes_by_record(std::uint64_t run) const;
  std::vector<OperationRecord> operations_;  // since the host last waited for everything
  std::uint64_t next_run_ = 1, current_first_ = 1, all_precede_below_ = 1;
};

History& history();

/// "block (1,0,0)": the run's block within its launch.
std::string block_name(const OperationRecord& operation, std::uint64_t run);
/// "thread (3,0,0)"
std::string thread_name(const OperationRecord& operation, int thread);

}  // namespace simt::check
