#include "simt/check/counters.h"

#include <algorithm>
#include <utility>

#include "simt/machine_state.h"
#include "simt/observe/source_lines.h"

namespace simt::check {

bool Covered::holds(const Access& access) const {
  if (access.moment != moment) return access.moment < moment;
  const auto thread = static_cast<std::size_t>(access.thread());
  return thread < clocks.size() && access.clock() < clocks[thread];
}

void Covered::join(const Covered& other) {
  if (moment > other.moment) return;
  if (moment < other.moment) {
    *this = other;
    return;
  }
  clocks.resize(std::max(clocks.size(), other.clocks.size()));
  for (std::size_t i = 0; i < other.clocks.size(); ++i)
    clocks[i] = std::max(clocks[i], other.clocks[i]);
}

void join(Changes& into, const Changes& other) {
  for (const auto& [counter, count] : other) {
    std::size_t& known = into[counter];
    known = std::max(known, count);
  }
}

Changes Counters::add(const unsigned* word, unsigned before, std::uint32_t place, Change change) {
  const std::lock_guard lock(changes_mutex_);
  Counter& counter = counters_.try_emplace(word, Counter{before, place, {}}).first->second;
  counter.changes.push_back(std::move(change));
  any_.store(true, std::memory_order_relaxed);
  return {{&counter, counter.changes.size()}};
}

CoveredBlocks Counters::covered_by(const Changes& changes) {
  const std::lock_guard lock(changes_mutex_);
  CoveredBlocks covered;
  Changes visited, open = changes;
  while (!open.empty()) {
    const auto [counter, count] = *open.begin();
    open.erase(open.begin());
    std::size_t& next = visited[counter];
    for (; next < count; ++next) {
      const Change& change = counter->changes[next];
      covered[change.run].join(change.covered);
      join(open, change.acquired);
    }
  }
  return covered;
}

std::string Counters::not_reset() const {
  for (const auto& [word, counter] : counters_) {
    if (*word == counter.first_value) continue;
    return "a counter is not reset: what is " + machine().memory.describe(word) + " was " +
           std::to_string(counter.first_value) + " before the launch and is " +
           std::to_string(*word) + " after it, changed at " + observe::source_line(counter.place) +
           "; the next launch counts on";
  }
  return "";
}

}  // namespace simt::check
