#include "simt/check/host_access.h"

#include <atomic>

#include "simt/machine_state.h"
#include "simt/observe/observer.h"
#include "simt/observe/source_lines.h"

namespace simt::check {
namespace {

std::atomic<bool> watching_host{false};

/// Told of the accesses of instrumented host code. A mistake becomes the machine's failure.
class HostAccesses final : public observe::AccessObserver {
 public:
  constexpr HostAccesses() : AccessObserver(false) {}
  void access(const observe::MemoryAccess& a) override {
    if (!watching_host.load(std::memory_order_relaxed)) return;
    Machine& m = machine();
    if (m.calls > 0) return;  // the machine's own
    const std::lock_guard lock(m.mutex);
    const auto* p = reinterpret_cast<const char*>(a.address);
    const auto line = [&] { return observe::source_line(observe::place_of(a.return_address)); };
    const std::string what = std::string("host code ") + (a.write ? "writes" : "reads");
    if (m.failure.empty() && m.queue.host_may_meet({p, a.bytes, a.write}))
      m.failure = what + " what a queued copy is going to " + (a.write ? "use" : "write") +
                  ", at " + line() + ", without having waited for it";
    if (m.failure.empty() && m.memory.contains(p))
      m.failure = what + " device memory, at " + line();
  }
};

constinit HostAccesses host_accesses;

}  // namespace

void watch_host() { watching_host.store(true, std::memory_order_relaxed); }

}  // namespace simt::check

__thread simt::observe::AccessObserver* simt::observe::observer = &simt::check::host_accesses;
