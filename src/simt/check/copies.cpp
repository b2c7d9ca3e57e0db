#include "simt/check/copies.h"

#include "simt/check/global_shadow.h"
#include "simt/machine_state.h"
#include "simt/observe/source_lines.h"

namespace simt::check {
namespace {

void access_all(TrackedAllocation& memory, const void* begin, std::size_t bytes, bool write,
                std::uint64_t run, const std::string& what) {
  const Accessor by{{moment_of(run), 0, 0}, nullptr};
  const auto first = reinterpret_cast<std::uintptr_t>(begin);
  over_aligned_pieces(first, bytes, [&](std::uintptr_t p, unsigned n) {
    const auto race =
        global_shadow().access(memory, reinterpret_cast<const char*>(p), n, write, by).race;
    if (!race) return;
    const std::uint64_t other_run = run_of(race->other.moment);
    const OperationRecord& other = history().of(other_run);
    std::string text = "race: " + what + (write ? " writes" : " reads") + " what is " +
                       machine().memory.describe(memory.begin + race->byte) + ", and " + other.what;
    if (other.launch)
      text += ", " + block_name(other, other_run) + ", " +
              thread_name(other, race->other.thread()) + ",";
    text += " " + std::string(past(race->other_kind)) + " it";
    if (other.launch) text += ", at " + observe::source_line(race->other.place);
    throw Violation{text + ", and no stream or event puts them in order"};
  });
}

std::uint64_t begin(const OperationOrder& order, const std::string& what) {
  return history().begin({.runs = 1, .order = order, .what = what});
}

}  // namespace

void copied(const OperationOrder& order, const void* to, const void* from, std::size_t bytes) {
  if (global_shadow().empty()) return;
  TrackedAllocation* const source = from ? global_shadow().find(from) : nullptr;
  TrackedAllocation* const target = to ? global_shadow().find(to) : nullptr;
  if (!source && !target) return;
  const std::string what = "a copy of " + std::to_string(bytes) + " bytes" +
                           (!from ? " to the device"
                            : !to ? " to the host"
                                  : " on the device");
  const std::uint64_t run = begin(order, what);
  if (source) access_all(*source, from, bytes, false, run, what);
  if (target) access_all(*target, to, bytes, true, run, what);
  if (source && target)
    global_shadow().copy_written(*target, static_cast<const char*>(to), *source,
                                 static_cast<const char*>(from), bytes);
}

void filled(const OperationOrder& order, const void* to, std::size_t bytes) {
  if (global_shadow().empty()) return;
  TrackedAllocation* const target = global_shadow().find(to);
  if (!target) return;
  const std::string what = "a fill of " + std::to_string(bytes) + " bytes";
  access_all(*target, to, bytes, true, begin(order, what), what);
}

}  // namespace simt::check
