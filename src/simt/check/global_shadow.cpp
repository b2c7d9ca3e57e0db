#include "simt/check/global_shadow.h"

#include <algorithm>

namespace simt::check {
namespace {

class Lock {
 public:
  explicit Lock(std::atomic<bool>& flag) : flag_(flag) {
    while (flag_.exchange(true, std::memory_order_acquire)) {
    }
  }
  ~Lock() { flag_.store(false, std::memory_order_release); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  std::atomic<bool>& flag_;
};

bool ordered(const Access& before, const Accessor& by) {
  if (before.moment == 0) return true;
  if (before.moment == by.access.moment)
    return before.who == by.access.who || (by.order && before.warp() == by.access.warp() &&
                                           by.order->clocks().ordered(before, by.access.thread()));
  const std::uint64_t run = run_of(before.moment);
  return run == run_of(by.access.moment) || history().precedes_current(run) ||
         (by.order && by.order->after_other_block(before, by.access.thread()));
}

/// Whether they race; the first such access is the finding.
bool racing(const Access& other, Kind kind, std::size_t byte, const Accessor& by, Finding& found) {
  if (ordered(other, by)) return false;
  if (!found.race) found.race = {other, kind, byte};
  return true;
}

void find_races_of_write(const GlobalCell& cell, std::size_t byte, const Accessor& by,
                         Finding& found) {
  if (!racing(cell.write, Kind::write, byte, by, found) &&
      !racing(cell.read, Kind::read, byte, by, found))
    racing(cell.also_read, Kind::read, byte, by, found);
}

/// Of a load or store with the last changes of counters among its bytes.
void find_races_with_changes(TrackedAllocation& memory, std::size_t at, unsigned n,
                             const Accessor& by, Finding& found) {
  const std::lock_guard lock(memory.last_changes_mutex);
  for (auto change = memory.last_changes.lower_bound(at / 4 * 4);
       change != memory.last_changes.end() && change->first < at + n; ++change)
    racing(change->second, Kind::change, std::max(at, change->first), by, found);
}

}  // namespace

GlobalShadow& global_shadow() {
  static auto* const shadow = new GlobalShadow;
  return *shadow;
}

void GlobalShadow::add(const void* memory, std::size_t bytes) {
  const auto* begin = static_cast<const char*>(memory);
  tracked_.erase(begin);
  tracked_.try_emplace(begin, memory, bytes);
}

void GlobalShadow::remove(const void* memory) { tracked_.erase(static_cast<const char*>(memory)); }

TrackedAllocation* GlobalShadow::find(const void* p) {
  const auto* byte = static_cast<const char*>(p);
  auto next = tracked_.upper_bound(byte);
  if (next == tracked_.begin()) return nullptr;
  --next;
  return byte < next->second.end ? &next->second : nullptr;
}

Finding GlobalShadow::access(TrackedAllocation& memory, const char* p, unsigned n, bool write,
                             const Accessor& by) {
  Finding found;
  const auto at = static_cast<std::size_t>(p - memory.begin);
  const Lock lock(locks_[reinterpret_cast<std::uintptr_t>(p) / 16 % lock_count]);
  found.unwritten = memory.shadow.access(at, n, write, [&](GlobalCell& cell, std::size_t byte) {
    step(cell, byte, write, by, found);
  });
  if (memory.shadow.has_counter(at, n)) find_races_with_changes(memory, at, n, by, found);
  return found;
}

Finding GlobalShadow::change(TrackedAllocation& memory, const char* p, const Accessor& by) {
  Finding found;
  const auto at = static_cast<std::size_t>(p - memory.begin);
  const Lock lock(locks_[reinterpret_cast<std::uintptr_t>(p) / 16 % lock_count]);
  found.unwritten = memory.shadow.access(
      at, sizeof(unsigned), false,
      [&](GlobalCell& cell, std::size_t byte) { find_races_of_write(cell, byte, by, found); });
  memory.shadow.make_counter(at);
  const std::lock_guard changes_lock(memory.last_changes_mutex);
  Access& last = memory.last_changes[at];
  if (!history().is_of_current(run_of(last.moment))) racing(last, Kind::change, at, by, found);
  last = by.access;
  return found;
}

void GlobalShadow::step(GlobalCell& cell, std::size_t byte, bool write, const Accessor& by,
                        Finding& found) {
  if (write) {
    find_races_of_write(cell, byte, by, found);
    cell.write = by.access;
    cell.read = cell.also_read = {};
    return;
  }
  racing(cell.write, Kind::write, byte, by, found);
  Access &first = cell.read, &second = cell.also_read;
  if (ordered(first, by)) {
    first = by.access;
    if (ordered(second, by)) second = {};
  } else if (ordered(second, by)) {
    second = by.access;
  } else if (run_of(first.moment) == run_of(second.moment) &&
             run_of(by.access.moment) != run_of(first.moment)) {
    second = by.access;  // reads of two blocks race with every write that either block's reads do
  } else if (first.moment == second.moment && first.warp() == second.warp() &&
             (first.moment != by.access.moment || first.warp() != by.access.warp())) {
    second = by.access;  // two that are further apart race with more
  } else if (history().one_past_operation(run_of(first.moment), run_of(second.moment))) {
    second = by.access;  // none of its blocks is still to come
  }
}

void GlobalShadow::copy_written(TrackedAllocation& to, const char* to_p, TrackedAllocation& from,
                                const char* from_p, std::size_t bytes) {
  const auto to_at = static_cast<std::size_t>(to_p - to.begin);
  const auto from_at = static_cast<std::size_t>(from_p - from.begin);
  for (std::size_t i = 0; i < bytes; ++i)
    to.shadow.set_written(to_at + i, from.shadow.written(from_at + i));
}

}  // namespace simt::check
