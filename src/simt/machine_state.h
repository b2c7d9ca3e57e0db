// All that the machine knows, and how the runtime's functions report on it.
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

#include "simt/block.h"
#include "simt/device_memory.h"
#include "simt/machine.h"
#include "simt/profile/profile.h"
#include "simt/queue.h"

namespace simt {

/// What distinguishes the devices that can be emulated.
struct DeviceLimits {
  int capability, processors;
  std::size_t shared_optin_bytes;  // per block
};
constexpr std::size_t shared_default_bytes = 48 << 10;
// The machine's kernels stand for a build's that has PTX of this compute capability and no other.
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
  std::atomic<int> calls{0};  // of runtime functions, under way
};

/// Made at the first use.
Machine& machine();

/// The calling thread's current device, and what its last call that failed returned.
int& current_device();
cudaError_t& last_error();

/// A call's result: a failure of a kernel outlives everything; other errors are told once more by
/// cudaGetLastError.
cudaError_t result(cudaError_t status);

/// An error with the reason that its text will name.
cudaError_t refuse(cudaError_t status, const std::string& reason);

/// Thrown within a runtime function: what it is to return.
struct Refusal {
  cudaError_t status;
};

/// Runs a runtime function's work, alone and only while no kernel has failed. A kernel that fails
/// within it becomes the machine's failure.
template <class Work>
cudaError_t guarded(const Work& work) {
  Machine& m = machine();
  const std::lock_guard lock(m.mutex);
  if (!m.failure.empty()) return result(cudaErrorLaunchFailure);
  m.detail.clear();
  struct Call {
    explicit Call(std::atomic<int>& n) : calls(n) { ++calls; }
    ~Call() { --calls; }
    std::atomic<int>& calls;
  } const call(m.calls);
  try {
    return result(work(m));
  } catch (const Refusal& r) {
    return result(r.status);
  } catch (const Violation& v) {
    m.failure = v.text;
    m.queue.clear();
    return result(cudaErrorLaunchFailure);
  }
}

/// The stream, the default one for null; null where there is no such stream. Throws Refusal for the
/// default stream during a capture that it would have to wait for.
Stream* stream_of(Machine& m, cudaStream_t stream);
/// For calls that CUDA allows on a stream of the current device alone: throws Refusal.
void require_current(const Stream* stream);
/// Waits for all devices: what is about to go may be used by any.
cudaError_t synchronise_all();
/// For calls that wait for the device: whether a capture is in progress, which they break.
bool broken_by_capture(Machine& m);

}  // namespace simt
