#include "simt/runtime/call.h"

namespace simt {
namespace {

struct ThreadState {
  int device = 0;
  cudaError_t last_error = cudaSuccess;
};
thread_local ThreadState of_this_thread;

}  // namespace

int& current_device() { return of_this_thread.device; }
cudaError_t& last_error() { return of_this_thread.last_error; }

cudaError_t result(cudaError_t status, const std::string& reason) {
  Machine& m = machine();
  if (!m.failure.empty()) status = cudaErrorLaunchFailure;
  if (status != cudaSuccess) last_error() = status, m.detail = reason;
  return status;
}

Stream* stream_of(Machine& m, cudaStream_t stream) {
  if (!stream && m.queue.capturing_blocking()) {
    m.queue.invalidate_captures();
    throw Refusal{cudaErrorStreamCaptureImplicit};
  }
  if (!stream) return m.queue.default_stream(current_device());
  if (!m.queue.knows(stream)) throw Refusal{cudaErrorInvalidResourceHandle};
  return stream;
}

void require_event(const Machine& m, cudaEvent_t event) {
  if (!m.events.contains(event)) throw Refusal{cudaErrorInvalidResourceHandle};
}

void require_current(const Stream* stream) {
  if (stream->device != current_device())
    throw Refusal{cudaErrorInvalidResourceHandle,
                  "the stream is device " + std::to_string(stream->device) + "'s, and device " +
                      std::to_string(current_device()) + " is this thread's current one"};
}

void require_no_capture(Machine& m) {
  if (!m.queue.capturing()) return;
  m.queue.invalidate_captures();
  throw Refusal{cudaErrorStreamCaptureUnsupported};
}

}  // namespace simt
