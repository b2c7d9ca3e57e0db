// The machine's whole state.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "simt/machine.h"
#include "simt/memory/device_memory.h"
#include "simt/profile/profile.h"
#include "simt/streams/queue.h"

namespace simt {

/// What distinguishes the devices that can be emulated.
struct DeviceLimits {
  int capability, processors;
  std::size_t shared_optin_bytes;  // per block
};
constexpr std::size_t shared_default_bytes = 48 << 10;
// The machine's kernels count as a build with PTX of this compute capability alone.
constexpr int code_capability = 75;
#if defined(__SANITIZE_ADDRESS__)
// AddressSanitizer writes its shadow of all that is mapped, an eighth of it, in every process.
constexpr std::size_t device_bytes = std::size_t{1} << 30;
#else
constexpr std::size_t device_bytes = std::size_t{16} << 30;
#endif

/// Throws std::invalid_argument for a compute capability that is not known.
const DeviceLimits& limits(int capability);
/// DCGAN_SIMT's; see machine.h.
Settings settings_of_environment();

/// All state, made at the first use.
struct Machine {
  Settings settings = settings_of_environment();
  DeviceMemory memory{device_bytes};
  Queue queue;
  std::map<char*, std::size_t> pinned;
  std::set<Event*> events;
  std::map<std::pair<int, const void*>, std::size_t> dynamic_shared_limits;  // by device, kernel
  std::uint64_t launches = 0;
  std::function<void(const LaunchRecord&)> on_launch;
  std::function<double()> event_clock_ms;
  std::optional<profile::Session> profile;  // in profile mode
  std::string failure, detail;
  std::recursive_mutex mutex;
  std::atomic<int> calls{0};  // runtime functions in progress
};

/// Made at the first use.
Machine& machine();

}  // namespace simt
