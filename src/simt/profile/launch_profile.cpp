#include "simt/profile/launch_profile.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "simt/execution/atomic_change.h"
#include "simt/execution/call_text.h"
#include "simt/machine_state.h"
#include "simt/observe/source_lines.h"
#include "simt/profile/block_profile.h"

namespace simt::profile {
namespace {

/// One block of each of `most` equal stretches of the grid, at varying places: at a fixed one all
/// would lie in one column where the grid's width divides a stretch.
std::vector<std::uint64_t> sample_of(std::uint64_t blocks, std::uint64_t most) {
  const std::uint64_t n = std::min(blocks, most);
  std::vector<std::uint64_t> sample;
  for (std::uint64_t i = 0; i < n; ++i) {
    const std::uint64_t begin = i * blocks / n, end = (i + 1) * blocks / n;
    const std::uint64_t scattered = (i + 1) * 0x9E3779B97F4A7C15u >> 32;
    sample.push_back(begin + scattered % (end - begin));
  }
  return sample;
}

}  // namespace

std::vector<LineProfile> Tally::lines() const {
  std::vector<const Entry*> in_order;
  for (const auto& [key, entry] : entries_) in_order.push_back(&entry);
  std::sort(in_order.begin(), in_order.end(), [](const Entry* a, const Entry* b) {
    return key(a->instruction) < key(b->instruction);
  });
  std::vector<LineProfile> lines;
  std::map<std::tuple<std::string, Space, bool, unsigned>, std::size_t> known;
  for (const Entry* entry : in_order) {
    const LogEntry& e = entry->instruction;
    const std::string line = observe::source_line(e.place);
    const auto [at, is_new] = known.try_emplace({line, e.space, e.write, e.bytes}, lines.size());
    if (is_new) lines.push_back({line, e.space, e.write, e.bytes, {}});
    lines[at->second].counts.add(entry->counts);
  }
  return lines;
}

LaunchProfile::LaunchProfile(const LaunchShape& shape, std::uint64_t most_blocks)
    : shape_(shape), blocks_(count_of(shape.grid)), sample_(sample_of(blocks_, most_blocks)) {}

observe::BlockObserver& LaunchProfile::block_begins(BlockRunner& runner, std::uint64_t) {
  static thread_local BlockProfile profile(runner);  // one per worker, as is its runner
  profile.begin(*this);
  return profile;
}

void LaunchProfile::add(const Tally& of_block) {
  const std::lock_guard lock(mutex_);
  tally_.add(of_block);
}

unsigned LaunchProfile::change(const AtomicChange& change) {
  const std::lock_guard lock(mutex_);
  const unsigned before = change.apply();
  counters_.try_emplace(change.word, before);
  return before;
}

KernelProfile LaunchProfile::finish() const {
  for (const auto& [word, before] : counters_) *word = before;
  return {shape_.name,   observe::function_name(shape_.kernel), shape_.work, shape_.grid,
          shape_.block,  shape_.dynamic_shared_bytes,           blocks_,     sample_.size(),
          tally_.lines()};
}

void begin(std::uint64_t most_blocks, std::function<void(const KernelProfile&)> observer) {
  Machine& m = machine();
  const std::lock_guard lock(m.mutex);
  m.profile = Session{most_blocks, std::move(observer)};
}

void end() {
  Machine& m = machine();
  const std::lock_guard lock(m.mutex);
  m.profile.reset();
}

}  // namespace simt::profile
