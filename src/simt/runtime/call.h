// What every function of the runtime does around its work: hold the lock, refuse, report.
#pragma once
#include <atomic>
#include <mutex>
#include <string>

#include "simt/execution/block.h"
#include "simt/machine_state.h"
#include "simt/runtime/api.h"

namespace simt {

/// The calling thread's current device, and what its last failed call returned.
int& current_device();
cudaError_t& last_error();

/// A call's result. Every call after a kernel's failure returns that; other errors are kept for
/// cudaGetLastError. The error's text will include the reason.
cudaError_t result(cudaError_t status, const std::string& reason = "");

/// Thrown within a runtime function, whose result it is.
struct Refusal {
  cudaError_t status;
  std::string reason = "";
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
    work(m);
    return result(cudaSuccess);
  } catch (const Refusal& r) {
    return result(r.status, r.reason);
  } catch (const Violation& v) {
    m.failure = v.text;
    m.queue.clear();
    return result(cudaErrorLaunchFailure);
  }
}

// These throw Refusal.

/// The stream, the default one for null. Refuses what is no stream, and the default one during a
/// capture that it would have to wait for.
Stream* stream_of(Machine& m, cudaStream_t stream);
/// Refuses what is no event.
void require_event(const Machine& m, cudaEvent_t event);
/// For calls that CUDA allows only on a stream of the current device.
void require_current(const Stream* stream);
/// For calls that wait for the device: a capture in progress becomes invalid.
void require_no_capture(Machine& m);

/// Waits for all devices: what is about to be freed may be in use on any.
cudaError_t synchronise_all();

}  // namespace simt
