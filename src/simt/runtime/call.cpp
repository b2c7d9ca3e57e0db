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

cudaError_t result(cudaError_t status) {
  if (!machine().failure.empty()) status = cudaErrorLaunchFailure;
  if (status != cudaSuccess) last_error() = status;
  return status;
}

cudaError_t refuse(cudaError_t status, const std::string& reason) {
  machine().detail = reason;
  return status;
}

Stream* stream_of(Machine& m, cudaStream_t stream) {
  if (!stream && m.queue.capturing_blocking()) {
    m.queue.invalidate_captures();
    throw Refusal{cudaErrorStreamCaptureImplicit};
  }
  if (!stream) return m.queue.default_stream(current_device());
  return m.queue.knows(stream) ? stream : nullptr;
}

void require_current(const Stream* stream) {
  if (stream->device != current_device())
    throw Refusal{refuse(cudaErrorInvalidResourceHandle,
                         "the stream is device " + std::to_string(stream->device) +
                             "'s, and device " + std::to_string(current_device()) +
                             " is this thread's current one")};
}

bool broken_by_capture(Machine& m) {
  if (!m.queue.capturing()) return false;
  m.queue.invalidate_captures();
  return true;
}

}  // namespace simt
