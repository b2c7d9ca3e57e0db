#include "simt/check/block_check.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>

#include "simt/execution/atomic_change.h"
#include "simt/machine_state.h"
#include "simt/memory/shared_arrays.h"
#include "simt/observe/source_lines.h"

namespace simt::check {
namespace {

/// To which static shared array each byte of a thread's storage belongs.
struct SharedMap {
  std::size_t begin = 0, bytes = 0;  // of the thread's storage
  std::vector<std::uint16_t> array;  // by byte: its number, from 1; 0: none
};

const SharedMap& shared_map() {
  static const SharedMap map = [] {
    SharedMap m;
    const std::vector<SharedArray>& arrays = shared_arrays();
    if (arrays.empty()) return m;
    m.begin = arrays.front().offset;
    m.bytes = arrays.back().offset + arrays.back().bytes - m.begin;
    m.array.resize(m.bytes);
    for (std::size_t i = 0; i < arrays.size(); ++i)
      std::fill_n(m.array.begin() + static_cast<std::ptrdiff_t>(arrays[i].offset - m.begin),
                  arrays[i].bytes, static_cast<std::uint16_t>(i + 1));
    return m;
  }();
  return map;
}

/// The variable's name within its function, from a symbol.
std::string variable_name(const std::string& symbol) {
  char* whole = abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, nullptr);
  const std::string name = whole ? whole : symbol;
  std::free(whole);
  const std::size_t scope = name.rfind("::");
  return scope == std::string::npos ? name : name.substr(scope + 2);
}

/// The compiler takes these for variables that may change, unlike threadIdx.
bool is_built_in(std::uintptr_t at) {
  return at - reinterpret_cast<std::uintptr_t>(&blockDim) < sizeof blockDim ||
         at - reinterpret_cast<std::uintptr_t>(&gridDim) < sizeof gridDim;
}

constexpr std::size_t on_16(std::size_t bytes) { return (bytes + 15) / 16 * 16; }
constexpr std::uint32_t patience = 1 << 20;  // accesses from an unwritten read to its report

}  // namespace

BlockCheck::BlockCheck(BlockRunner& runner)
    : BlockObserver(false),
      runner_(runner),
      shadow_(on_16(shared_map().bytes + 16) + BlockRunner::dynamic_shared_capacity) {
  static_begin_ =
      (reinterpret_cast<std::uintptr_t>(thread_storage()) + shared_map().begin) / 16 * 16;
  static_bytes_ = on_16(shared_map().bytes + 16);
  dynamic_begin_ = reinterpret_cast<std::uintptr_t>(runner.dynamic_shared_memory());
  arena_begin_ = reinterpret_cast<std::uintptr_t>(machine().memory.arena());
  arena_bytes_ = machine().memory.total_bytes();
  used_.resize(shared_arrays().size());
}

void BlockCheck::begin(LaunchCheck& launch, std::uint64_t run, std::size_t dynamic_shared_bytes) {
  launch_ = &launch;
  moment_ = moment_of(run);
  dynamic_bytes_ = dynamic_shared_bytes;
  shadow_.forget(static_bytes_, dynamic_bytes_);
  shadow_.new_interval();
  order_.begin(launch.counters());
  waited_.assign(launch.overlaps() ? static_cast<std::size_t>(launch.block_threads()) : 0, false);
  unwritten_.clear();
  cache_ = {};
}

std::string BlockCheck::interval_ended() {
  order_.interval_ended(moment_);
  ++moment_;
  shadow_.new_interval();
  return unwritten_.empty() ? missing_waits() : unwritten_;
}

/// All threads have to have waited when they first meet or return.
std::string BlockCheck::missing_waits() const {
  const auto first = std::find(waited_.begin(), waited_.end(), false);
  if (first == waited_.end()) return "";
  return runner_.thread_name(static_cast<int>(first - waited_.begin())) +
         " has not called cudaGridDependencySynchronize, and the next launch takes it that all "
         "have";
}

void BlockCheck::waited_for_earlier_launches() {
  if (!waited_.empty()) waited_[static_cast<std::size_t>(thread_)] = true;
}

void BlockCheck::check_waited(Kind kind, unsigned bytes, const Access& by) {
  if (waited_.empty() || waited_[static_cast<std::size_t>(thread_)]) return;
  violate(does(by, kind, bytes) +
          ", before cudaGridDependencySynchronize: the launch before may not have ended");
}

void BlockCheck::block_ended() {
  const auto skew = reinterpret_cast<std::uintptr_t>(thread_storage()) - static_begin_;
  for (std::size_t i = 0; i < used_.size(); ++i) {
    if (!used_[i]) continue;
    used_[i] = false;
    launch_->used(i);
    shadow_.forget(shared_arrays()[i].offset + skew, shared_arrays()[i].bytes);
  }
}

void BlockCheck::thread_resumed() {
  thread_ = runner_.current_thread();
  who_ = Access::who_of(thread_, order_.clocks().own(thread_, moment_));
}

void BlockCheck::access(const observe::MemoryAccess& a) {
  const Access by{moment_, who_, observe::place_of(a.return_address)};
  const Kind kind = a.write ? Kind::write : Kind::read;
  if (a.aligned) {
    if ((a.address & (a.bytes - 1)) != 0) report_misaligned(a, kind, by);
    return check_piece(a.address, static_cast<unsigned>(a.bytes), kind, by);
  }
  over_aligned_pieces(a.address, a.bytes,
                      [&](std::uintptr_t p, unsigned n) { check_piece(p, n, kind, by); });
}

unsigned BlockCheck::change(const observe::MemoryAccess& a, const AtomicChange& change) {
  const Access by{moment_, who_, observe::place_of(a.return_address)};
  const auto bytes = static_cast<unsigned>(a.bytes);
  check_waited(Kind::change, bytes, by);
  const auto* const p = reinterpret_cast<const char*>(a.address);
  if ((a.address & (a.bytes - 1)) != 0) report_misaligned(a, Kind::change, by);
  if (is_shared(a.address))
    violate(does(by, Kind::change, bytes) +
            " of shared memory: check mode knows atomic operations on device memory alone");
  if (a.address - arena_begin_ >= arena_bytes_) check_elsewhere(p, bytes, Kind::change, by);
  TrackedAllocation* const memory = allocation_of(p, bytes, Kind::change, by);
  return memory ? change_counter(*memory, change, by) : change.apply();
}

unsigned BlockCheck::change_counter(TrackedAllocation& memory, const AtomicChange& change,
                                    const Access& by) {
  Finding found;
  unsigned before = 0;
  {
    Counters& counters = launch_->counters();
    const std::lock_guard lock(counters.changing());
    found =
        global_shadow().change(memory, reinterpret_cast<const char*>(change.word), {by, &order_});
    if (!found.race) {
      before = change.apply();
      order_.changed(thread_,
                     counters.add(change.word, before, by.place, order_.change(thread_, moment_)));
    }
  }
  report_global(found, memory.begin, sizeof *change.word, Kind::change, by);
  return before;
}

void BlockCheck::copy_begun(const observe::MemoryAccess& from, const observe::MemoryAccess& to) {
  const Access by{moment_, who_, observe::place_of(to.return_address)};
  const auto bytes = static_cast<unsigned>(to.bytes);
  if (from.bytes > 0) {
    if (is_shared(from.address))
      violate(does(by, Kind::read, bytes) + " of shared memory, to be copied from global memory");
    if (from.address % to.bytes != 0) report_misaligned(from, Kind::read, by);
    access(from);
  }
  if (!is_shared(to.address))
    violate(does(by, Kind::copy, bytes) + " outside shared memory, where copies arrive");
  if (to.address % to.bytes != 0) report_misaligned(to, Kind::copy, by);
  check_piece(to.address, bytes, Kind::copy, by);
}

void BlockCheck::copy_landed(const observe::MemoryAccess& to) {
  shadow_.land(shadow_place(to.address), static_cast<unsigned>(to.bytes),
               {moment_, who_, observe::place_of(to.return_address)});
}

void BlockCheck::fenced() {
  order_.fence(thread_, moment_);
  thread_resumed();  // on a later clock
}

/// n bytes at a multiple of n, n a power of two up to 16.
void BlockCheck::check_piece(std::uintptr_t at, unsigned bytes, Kind kind, const Access& by) {
  if (!unwritten_.empty() && ++accesses_since_ > patience) violate(unwritten_);
  if (at - arena_begin_ < arena_bytes_)
    check_global(reinterpret_cast<const char*>(at), bytes, kind, by);
  else if (is_shared(at))
    check_shared(shadow_place(at), at, bytes, kind, by);
  else
    check_elsewhere(reinterpret_cast<const char*>(at), bytes, kind, by);
}

void BlockCheck::check_shared(std::size_t at, std::uintptr_t address, unsigned bytes, Kind kind,
                              const Access& by) {
  if (at < static_bytes_) {
    const SharedMap& map = shared_map();
    const auto offset = [&](std::uintptr_t a) {
      return a - reinterpret_cast<std::uintptr_t>(thread_storage()) - map.begin;
    };
    const std::size_t first = offset(address), last = first + bytes - 1;
    const std::uint16_t array = first < map.bytes ? map.array[first] : 0;
    if (array == 0 && kind == Kind::read && is_built_in(address)) return;
    if (array == 0 || last >= map.bytes || map.array[last] != array)
      violate(does(by, kind, bytes) + ", " + shared_name(array == 0 ? at : at + bytes - 1));
    if (!used_[array - 1U]) used_[array - 1U] = true;
  } else if (at - static_bytes_ + bytes > dynamic_bytes_) {
    violate(does(by, kind, bytes) + ", " +
            std::to_string(at - static_bytes_ + bytes - dynamic_bytes_) +
            " bytes past the end of the launch's " + std::to_string(dynamic_bytes_) +
            " bytes of dynamic shared memory");
  }
  const Finding found = shadow_.access(at, bytes, kind, by, order_.clocks());
  if (found.nothing()) return;
  if (found.race) report_shared_race(*found.race, kind, by);
  if (!unwritten_.empty()) return;
  unwritten_ =
      does(by, kind, bytes) + " that nothing has written, " + shared_name(*found.unwritten);
  accesses_since_ = 0;
}

void BlockCheck::check_global(const char* p, unsigned bytes, Kind kind, const Access& by) {
  check_waited(kind, bytes, by);
  TrackedAllocation* const memory = allocation_of(p, bytes, kind, by);
  if (!memory) return;
  const Finding found =
      global_shadow().access(*memory, p, bytes, kind == Kind::write, {by, &order_});
  if (!found.nothing()) report_global(found, memory->begin, bytes, kind, by);
}

TrackedAllocation* BlockCheck::allocation_of(const char* p, unsigned bytes, Kind kind,
                                             const Access& by) {
  CachedAllocation& cached = cache_[by.place / 4 % cache_.size()];
  if (p < cached.begin || p >= cached.end) {
    const DeviceMemory& memory = machine().memory;
    if (memory.holds(p, bytes) && memory.device_of(p) != machine().queue.running_device())
      violate(does(by, kind, bytes) + ", of another device's memory, " + memory.describe(p));
    if (TrackedAllocation* tracked = global_shadow().find(p))
      cached = {tracked->begin, tracked->end, tracked};
    else if (memory.holds(p, bytes))
      return nullptr;
    else
      violate(does(by, kind, bytes) + ", " + memory.describe(p));
  }
  if (p + bytes > cached.end)
    violate(does(by, kind, bytes) + ", " + machine().memory.describe(cached.end));
  return cached.memory;
}

void BlockCheck::report_global(const Finding& found, const char* begin, unsigned bytes, Kind kind,
                               const Access& by) {
  if (found.race) report_global_race(*found.race, begin, kind, by);
  if (!found.unwritten) return;
  launch_->read_unwritten(run_of(moment_), thread_,
                          does(by, kind, bytes) + " that nothing has written, " +
                              machine().memory.describe(begin + *found.unwritten));
}

void BlockCheck::check_elsewhere(const char* p, unsigned bytes, Kind kind, const Access& by) {
  if (kind == Kind::read && (is_built_in(reinterpret_cast<std::uintptr_t>(p)) ||
                             launch_->is_parameter(p, bytes) || observe::is_constant(p, bytes)))
    return;
  const int owner = runner_.thread_of_stack(p);
  const std::string what = does(by, kind, bytes);
  if (owner >= 0) violate(what + " in the local memory of " + runner_.thread_name(owner));
  if (observe::is_constant(p, bytes)) violate(what + " in the program's constants");
  violate(what + " outside the device's memory: a pointer of the host");
}

void BlockCheck::report_misaligned(const observe::MemoryAccess& a, Kind kind, const Access& by) {
  violate(does(by, kind, static_cast<unsigned>(a.bytes)) + ", at an address that is " +
          std::to_string(a.address % a.bytes) + " more than a multiple of " +
          std::to_string(a.bytes));
}

/// An earlier read of unwritten memory is the likelier cause: it is reported instead.
void BlockCheck::violate(std::string text) {
  const std::string cause =
      unwritten_.empty() ? launch_->unwritten_of(run_of(moment_)) : unwritten_;
  runner_.violate(cause.empty() ? std::move(text) : cause);
}

void BlockCheck::report_shared_race(const Finding::Race& race, Kind kind, const Access& by) {
  const Access& other = race.other;
  const bool one_warp = other.warp() == by.warp();
  runner_.violate("race: " + runner_.thread_name(by.thread()) + " " + present(kind) + " " +
                  shared_name(race.byte) + ", at " + observe::source_line(by.place) + ", and " +
                  runner_.thread_name(other.thread()) + " " + past(race.other_kind) + " it, at " +
                  observe::source_line(other.place) +
                  (race.other_kind == Kind::copy ? ", a copy that has not been waited for"
                   : one_warp                    ? ", with no __syncwarp or barrier between"
                                                 : ", with no barrier between"));
}

void BlockCheck::report_global_race(const Finding::Race& race, const char* begin, Kind kind,
                                    const Access& by) {
  const std::uint64_t run = run_of(race.other.moment);
  const OperationRecord& operation = history().of(run);
  std::string other = operation.what;
  if (operation.launch) {
    other = check::thread_name(operation, race.other.thread());
    if (run != run_of(moment_)) other += " of " + block_name(operation, run);
    if (!history().is_of_current(run)) other += " of " + operation.what;
  }
  other += std::string(" ") + past(race.other_kind) + " it";
  if (operation.launch) other += ", at " + observe::source_line(race.other.place);
  runner_.violate("race: " + runner_.thread_name(by.thread()) + " " + present(kind) + " what is " +
                  machine().memory.describe(begin + race.byte) + ", at " +
                  observe::source_line(by.place) + ", and " + other + ", " +
                  missing_between(race.other, by));
}

/// What would have put an earlier access in front of this one.
std::string BlockCheck::missing_between(const Access& other, const Access& by) {
  const std::uint64_t run = run_of(other.moment);
  if (run == run_of(moment_)) return "with no barrier between";
  if (!history().is_of_current(run)) return "and no stream or event puts them in order";
  const std::string missing = order_.missing_after(other, by.thread());
  return missing.empty() ? "and nothing orders the blocks of a launch"
                         : "and nothing orders the blocks: " + missing;
}

/// "byte 12 of the shared array tile"
std::string BlockCheck::shared_name(std::size_t at) const {
  if (at >= static_bytes_)
    return "byte " + std::to_string(at - static_bytes_) + " of the dynamic shared memory";
  const std::size_t offset =
      at + static_begin_ - reinterpret_cast<std::uintptr_t>(thread_storage());
  const SharedArray* before = nullptr;
  for (const SharedArray& array : shared_arrays())
    if (array.offset <= offset) before = &array;
  if (!before) return "in front of all shared arrays";
  const std::string name = "the shared array " + variable_name(before->symbol);
  const std::size_t byte = offset - before->offset;
  if (byte < before->bytes) return "byte " + std::to_string(byte) + " of " + name;
  return std::to_string(byte - before->bytes) + " bytes past the end of " + name + " of " +
         std::to_string(before->bytes) + " bytes";
}

/// "thread (3,0,0) reads 4 bytes at conv.cu:12"
std::string BlockCheck::does(const Access& by, Kind kind, unsigned bytes) const {
  return runner_.thread_name(by.thread()) + " " + present(kind) + " " + std::to_string(bytes) +
         (bytes == 1 ? " byte" : " bytes") + " at " + observe::source_line(by.place);
}

}  // namespace simt::check
