// Host code that touches memory while a queued copy owns it, or device memory at any time.
#pragma once
#include "simt/observe/observer.h"

namespace simt::check {

/// Told of the accesses of instrumented host code. A mistake becomes the machine's failure.
class HostAccesses final : public observe::AccessObserver {
 public:
  constexpr HostAccesses() : AccessObserver(false) {}
  void access(const observe::MemoryAccess& access) override;
};
extern HostAccesses host_accesses;

/// Copies between host and device have been queued: from now on host code is checked.
void watch_host();

}  // namespace simt::check
