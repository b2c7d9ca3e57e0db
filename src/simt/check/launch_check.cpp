#include "simt/check/launch_check.h"

#include <tuple>

#include "simt/check/block_check.h"
#include "simt/execution/call_text.h"
#include "simt/memory/shared_arrays.h"

namespace simt::check {

LaunchCheck::LaunchCheck(const LaunchShape& shape, const KernelCall& call,
                         const OperationOrder& order)
    : parameters_(reinterpret_cast<const char*>(&call)),
      parameters_bytes_(call.bytes()),
      dynamic_shared_bytes_(shape.dynamic_shared_bytes),
      overlaps_(shape.overlaps),
      block_threads_(static_cast<int>(count_of(shape.block))),
      used_(shared_arrays().size()) {
  first_run_ = history().begin({.runs = count_of(shape.grid),
                                .order = order,
                                .what = "kernel " + std::string(shape.name),
                                .launch = true,
                                .grid = shape.grid,
                                .block = shape.block});
}

observe::BlockObserver& LaunchCheck::block_begins(BlockRunner& runner, std::uint64_t block) {
  // One per worker, as is its runner: it owns the shadow of the worker's shared memory.
  static thread_local BlockCheck check(runner);
  check.begin(*this, first_run_ + block, dynamic_shared_bytes_);
  return check;
}

bool LaunchCheck::is_parameter(const void* p, std::size_t bytes) const {
  const auto* at = static_cast<const char*>(p);
  return at >= parameters_ && at + bytes <= parameters_ + parameters_bytes_;
}

void LaunchCheck::read_unwritten(std::uint64_t run, int thread, std::string text) {
  const std::lock_guard lock(mutex_);
  if (unwritten_.run != 0 && std::tie(unwritten_.run, unwritten_.thread) <= std::tie(run, thread))
    return;
  unwritten_ = {run, thread, std::move(text)};
}

std::string LaunchCheck::unwritten_of(std::uint64_t run) {
  const std::lock_guard lock(mutex_);
  return unwritten_.run == run ? unwritten_.text : "";
}

std::string LaunchCheck::finish(std::size_t shared_limit_bytes) const {
  if (unwritten_.run != 0)
    return block_name(history().of(unwritten_.run), unwritten_.run) + ": " + unwritten_.text;
  if (std::string problem = counters_.not_reset(); !problem.empty()) return problem;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < used_.size(); ++i)
    if (used_[i]) bytes += shared_arrays()[i].bytes;
  if (bytes + dynamic_shared_bytes_ <= shared_limit_bytes) return "";
  return std::to_string(bytes) + " bytes of static and " + std::to_string(dynamic_shared_bytes_) +
         " of dynamic shared memory, allowed are " + std::to_string(shared_limit_bytes) + " in all";
}

}  // namespace simt::check
