// The CUDA runtime's functions on streams, events and graphs.
#include "simt/machine_state.h"
#include "simt/runtime/call.h"

namespace simt {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return guarded([&](Machine& m) {
    *stream = m.queue.create_stream(!(flags & cudaStreamNonBlocking), current_device());
  });
}
cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return guarded([&](Machine& m) {
    if (!m.queue.knows(stream)) throw Refusal{cudaErrorInvalidResourceHandle};
    m.queue.destroy(stream);
  });
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return guarded([&](Machine& m) {
    Stream* on = stream_of(m, stream);
    require_no_capture(m);
    m.queue.finish(on);
  });
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  return guarded([&](Machine& m) {
    Stream* on = stream_of(m, stream);
    if (!on->queue.empty()) throw Refusal{cudaErrorNotReady};
    m.queue.host_knows(on->clock);
  });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  return guarded([&](Machine& m) {
    Stream* on = stream_of(m, stream);
    require_event(m, event);
    m.queue.wait(on, event);
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  return guarded([&](Machine& m) {
    *event = *m.events.insert(new Event).first;
    (*event)->timing = !(flags & cudaEventDisableTiming);
    (*event)->device = current_device();
  });
}
cudaError_t cudaEventCreate(cudaEvent_t* event) {
  return cudaEventCreateWithFlags(event, cudaEventDefault);
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  Machine& m = machine();
  const std::lock_guard lock(m.mutex);
  if (m.events.erase(event) == 0) return result(cudaErrorInvalidResourceHandle);
  delete event;
  return result(cudaSuccess);
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return guarded([&](Machine& m) {
    Stream* on = stream_of(m, stream);
    require_event(m, event);
    if (event->device != on->device)
      throw Refusal{cudaErrorInvalidResourceHandle, "event and stream are of different devices"};
    m.queue.record(event, on);
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return guarded([&](Machine& m) {
    require_event(m, event);
    if (event->capture) throw Refusal{cudaErrorCapturedEvent};
    if (event->marker) m.queue.finish(*event->marker);
  });
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  return guarded([&](Machine& m) {
    for (const cudaEvent_t event : {start, end}) {
      require_event(m, event);
      if (!event->timing)
        throw Refusal{cudaErrorInvalidResourceHandle, "an event made with cudaEventDisableTiming"};
      if (!event->marker)
        throw Refusal{cudaErrorInvalidResourceHandle, "an event that was never recorded"};
      if (event->capture) throw Refusal{cudaErrorCapturedEvent};
      if (event->device != start->device)
        throw Refusal{cudaErrorInvalidResourceHandle, "events of different devices"};
    }
    if (!start->marker->done || !end->marker->done) throw Refusal{cudaErrorNotReady};
    *milliseconds = static_cast<float>(end->marker->when_ms - start->marker->when_ms);
  });
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  return guarded([&](Machine& m) {
    if (!stream || !m.queue.knows(stream)) throw Refusal{cudaErrorInvalidResourceHandle};
    if (stream->capture) throw Refusal{cudaErrorStreamCaptureUnsupported};
    m.queue.begin_capture(stream);
  });
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  return guarded([&](Machine& m) {
    if (!m.queue.knows(stream) || !stream->capture || stream->capture->origin != stream)
      throw Refusal{cudaErrorInvalidValue};
    cudaError_t status = cudaSuccess;
    *graph = m.queue.end_capture(stream, &status);
    if (status != cudaSuccess) throw Refusal{status};
  });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  return guarded([&](Machine&) { *exec = new GraphExec{*graph}; });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  return guarded([&](Machine& m) {
    Stream* on = stream_of(m, stream);
    if (on->capture) throw Refusal{cudaErrorStreamCaptureUnsupported};
    m.queue.launch(exec, on);
  });
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  const cudaError_t status = synchronise_all();
  delete exec;
  return status;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

}  // namespace simt
