// The CUDA runtime's functions over the machine: checks of arguments and limits, and the failure
// that every call reports once a kernel has gone wrong.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <sstream>
#include <stdexcept>

#include "simt/device_memory.h"
#include "simt/grid.h"
#include "simt/queue.h"
#include "simt/shared_memory.h"

namespace simt {
namespace {

struct DeviceLimits {
  int capability, processors;
  std::size_t shared_optin_bytes;  // per block
};

// CUDA C++ Programming Guide, "Technical Specifications per Compute Capability"; processors of a
// T4, A100, RTX A6000, RTX 4090, H100, B200 and RTX 5090.
constexpr DeviceLimits known_devices[] = {
    {75, 40, 64 << 10},   {80, 108, 163 << 10},  {86, 84, 99 << 10},   {89, 128, 99 << 10},
    {90, 132, 227 << 10}, {100, 148, 227 << 10}, {120, 170, 99 << 10},
};
constexpr std::size_t shared_default_bytes = 48 << 10;
constexpr std::size_t default_device_bytes = std::size_t{16} << 30;

const DeviceLimits& limits(int capability) {
  for (const DeviceLimits& d : known_devices)
    if (d.capability == capability) return d;
  throw std::invalid_argument(
      "DCGAN_SIMT: no device of compute capability " + std::to_string(capability / 10) + "." +
      std::to_string(capability % 10) + " is known; 7.5, 8.0, 8.6, 8.9, 9.0, 10.0 and 12.0 are");
}

Settings settings_of_environment() {
  Settings s;
  const char* list = std::getenv("DCGAN_SIMT");
  std::istringstream items(list ? list : "");
  for (std::string item; std::getline(items, item, ',');) {
    const std::string key = item.substr(0, item.find('='));
    const std::string value = item.size() > key.size() ? item.substr(key.size() + 1) : "";
    try {
      if (key == "order" && value == "forward")
        s.order = Order::forward;
      else if (key == "order" && value == "reverse")
        s.order = Order::reverse;
      else if (key == "order" && value == "random")
        s.order = Order::random;
      else if (key == "seed")
        s.seed = std::stoull(value);
      else if (key == "workers")
        s.workers = std::clamp(std::stoi(value), 0, 1024);
      else if (key == "device")
        s.capability = static_cast<int>(std::stod(value) * 10 + 0.5);
      else
        throw std::invalid_argument(item);
    } catch (const std::exception&) {
      throw std::invalid_argument("DCGAN_SIMT: '" + item +
                                  "' is none of order=forward|reverse|random, seed=N, workers=N, "
                                  "device=8.0");
    }
  }
  limits(s.capability);
  return s;
}

/// All state, made at the first use.
struct Machine {
  Settings settings = settings_of_environment();
  DeviceMemory memory{default_device_bytes};
  Queue queue;
  std::map<char*, std::size_t> pinned;
  std::set<Event*> events;
  std::map<const void*, std::size_t> dynamic_shared_limits;
  std::uint64_t launches = 0;
  std::function<void(const LaunchRecord&)> on_launch;
  std::string failure, detail;
  cudaError_t last_error = cudaSuccess;
  std::recursive_mutex mutex;
};

Machine& machine() {
  static auto* const all = new Machine;  // outlives what static destructors still release
  return *all;
}

/// A call's result: a failure of a kernel outlives everything; other errors are told once more by
/// cudaGetLastError.
cudaError_t result(cudaError_t status) {
  Machine& m = machine();
  if (!m.failure.empty()) status = cudaErrorLaunchFailure;
  if (status != cudaSuccess) m.last_error = status;
  return status;
}

/// An error with the reason that its text will name.
cudaError_t refuse(cudaError_t status, const std::string& reason) {
  machine().detail = reason;
  return status;
}

template <class Work>
cudaError_t guarded(const Work& work) {
  Machine& m = machine();
  const std::lock_guard lock(m.mutex);
  if (!m.failure.empty()) return result(cudaErrorLaunchFailure);
  m.detail.clear();
  try {
    return result(work(m));
  } catch (const Violation& v) {
    m.failure = v.text;
    m.queue.clear();
    return result(cudaErrorLaunchFailure);
  }
}

Stream* stream_of(Machine& m, cudaStream_t stream) {
  if (!stream) return m.queue.default_stream();
  return m.queue.knows(stream) ? stream : nullptr;
}

/// Calls that wait for the device break a capture that is in progress.
bool broken_by_capture(Machine& m) {
  if (!m.queue.capturing()) return false;
  m.queue.invalidate_captures();
  return true;
}

bool is_pinned(Machine& m, const void* p, std::size_t bytes) {
  auto next = m.pinned.upper_bound(const_cast<char*>(static_cast<const char*>(p)));
  if (next == m.pinned.begin()) return false;
  --next;
  return static_cast<const char*>(p) + bytes <= next->first + next->second;
}

std::string refuse_shape(Machine& m, const LaunchShape& s) {
  const DeviceLimits& device = limits(m.settings.capability);
  const auto outside = [](const char* what, std::uint64_t n, std::uint64_t most) -> std::string {
    if (n >= 1 && n <= most) return "";
    return std::string(what) + " of " + std::to_string(n) + ", allowed are 1 to " +
           std::to_string(most);
  };
  const std::uint64_t threads = std::uint64_t{s.block.x} * s.block.y * s.block.z;
  for (const std::string& text :
       {outside("a block's x", s.block.x, 1024), outside("a block's y", s.block.y, 1024),
        outside("a block's z", s.block.z, 64), outside("threads per block", threads, most_threads),
        outside("a grid's x", s.grid.x, 0x7FFFFFFF), outside("a grid's y", s.grid.y, 65535),
        outside("a grid's z", s.grid.z, 65535)})
    if (!text.empty()) return text;
  const auto raised = m.dynamic_shared_limits.find(s.kernel);
  const std::size_t most =
      raised == m.dynamic_shared_limits.end() ? shared_default_bytes : raised->second;
  if (s.dynamic_shared_bytes > most)
    return std::to_string(s.dynamic_shared_bytes) +
           " bytes of dynamic shared memory, allowed are " + std::to_string(most) +
           (most < device.shared_optin_bytes ? " without cudaFuncSetAttribute" : " on this device");
  return "";
}

void run_launch(Machine& m, const LaunchShape& shape, const KernelCall& call) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  run_grid(shape, call, m.settings, ++m.launches, shared_default_bytes);
  if (!m.on_launch) return;
  const std::chrono::duration<double, std::milli> time = Clock::now() - start;
  m.on_launch({shape.name, shape.grid, shape.block, shape.dynamic_shared_bytes, time.count()});
}

cudaError_t queue_copy(Machine& m, void* to, const void* from, std::size_t bytes,
                       cudaMemcpyKind kind, Stream* stream) {
  if (bytes == 0) return cudaSuccess;
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  if (to_device != m.memory.contains(to) || from_device != m.memory.contains(from))
    return refuse(cudaErrorInvalidValue, "a copy's kind does not fit its pointers");
  if ((to_device && !m.memory.holds(to, bytes)) || (from_device && !m.memory.holds(from, bytes)))
    return refuse(cudaErrorInvalidValue,
                  "a copy of " + std::to_string(bytes) + " bytes leaves its device allocation: " +
                      m.memory.describe(to_device && !m.memory.holds(to, bytes) ? to : from));
  if (kind == cudaMemcpyHostToDevice && !is_pinned(m, from, bytes)) {
    // Pageable memory is read before the call returns.
    const auto snapshot = std::make_shared<std::vector<char>>(
        static_cast<const char*>(from), static_cast<const char*>(from) + bytes);
    m.queue.push(stream, [to, snapshot, bytes] { std::memcpy(to, snapshot->data(), bytes); });
    return cudaSuccess;
  }
  HostRange host;
  if (kind == cudaMemcpyHostToDevice) host = {static_cast<const char*>(from), bytes};
  if (kind == cudaMemcpyDeviceToHost) {
    host = {static_cast<const char*>(to), bytes};
    // A host that reads before it has waited shall see that it did.
    if (!m.queue.touches(host)) poison(to, bytes);
  }
  m.queue.push(
      stream, [to, from, bytes] { std::memmove(to, from, bytes); }, host);
  if (kind == cudaMemcpyDeviceToHost && !is_pinned(m, to, bytes)) {
    if (broken_by_capture(m)) return cudaErrorStreamCaptureUnsupported;
    m.queue.finish(stream);
  }
  return cudaSuccess;
}

cudaError_t queue_fill(Machine& m, void* memory, int value, std::size_t bytes, Stream* stream) {
  if (bytes == 0) return cudaSuccess;
  if (!m.memory.holds(memory, bytes))
    return refuse(cudaErrorInvalidValue,
                  "a fill leaves its device allocation: " + m.memory.describe(memory));
  m.queue.push(stream, [memory, value, bytes] { std::memset(memory, value, bytes); });
  return cudaSuccess;
}

}  // namespace

Settings settings() { return machine().settings; }

void set_settings(const Settings& s) {
  limits(s.capability);
  machine().settings = s;
}

void on_launch(std::function<void(const LaunchRecord&)> observer) {
  machine().on_launch = std::move(observer);
}

void forget_failure() {
  Machine& m = machine();
  m.queue.clear();
  m.failure.clear();
  m.last_error = cudaSuccess;
}

std::string failure() { return machine().failure; }

cudaError_t enqueue_launch(const LaunchShape& shape, std::shared_ptr<const KernelCall> call,
                           cudaStream_t stream) {
  return guarded([&](Machine& m) {
    Stream* to = stream_of(m, stream);
    if (!to) return cudaErrorInvalidResourceHandle;
    const std::string reason = refuse_shape(m, shape);
    if (!reason.empty()) return refuse(cudaErrorInvalidConfiguration, reason);
    m.queue.push(to, [&m, shape, call] { run_launch(m, shape, *call); });
    return cudaSuccess;
  });
}

cudaError_t set_dynamic_shared_limit(const void* kernel, int bytes) {
  return guarded([&](Machine& m) {
    const std::size_t most = limits(m.settings.capability).shared_optin_bytes;
    if (bytes < 0 || static_cast<std::size_t>(bytes) > most)
      return refuse(cudaErrorInvalidValue, std::to_string(bytes) +
                                               " bytes of shared memory; the device has " +
                                               std::to_string(most));
    m.dynamic_shared_limits[kernel] = static_cast<std::size_t>(bytes);
    return cudaSuccess;
  });
}

const char* cudaGetErrorString(cudaError_t status) {
  static thread_local std::string text;
  Machine& m = machine();
  switch (status) {
    case cudaSuccess:
      text = "no error";
      break;
    case cudaErrorInvalidValue:
      text = "invalid argument";
      break;
    case cudaErrorMemoryAllocation:
      text = "out of memory";
      break;
    case cudaErrorInvalidConfiguration:
      text = "invalid configuration argument";
      break;
    case cudaErrorInsufficientDriver:
      text = "insufficient driver";
      break;
    case cudaErrorInvalidDevice:
      text = "invalid device ordinal";
      break;
    case cudaErrorInvalidResourceHandle:
      text = "invalid resource handle";
      break;
    case cudaErrorNotReady:
      text = "device not ready";
      break;
    case cudaErrorLaunchFailure:
      return (text = m.failure).c_str();
    case cudaErrorStreamCaptureUnsupported:
      text = "operation not permitted when stream is capturing";
      break;
    case cudaErrorStreamCaptureInvalidated:
      text = "a previous call broke the capture";
      break;
    case cudaErrorStreamCaptureUnjoined:
      text = "capture ended with a stream that was not joined to its origin";
      break;
    case cudaErrorCapturedEvent:
      text = "operation not permitted on a captured event";
      break;
  }
  if (status == m.last_error && !m.detail.empty()) text += ": " + m.detail;
  return text.c_str();
}

cudaError_t cudaGetLastError() {
  Machine& m = machine();
  const cudaError_t status = m.failure.empty() ? m.last_error : cudaErrorLaunchFailure;
  m.last_error = cudaSuccess;
  return status;
}

cudaError_t cudaPeekAtLastError() {
  return machine().failure.empty() ? machine().last_error : cudaErrorLaunchFailure;
}

cudaError_t cudaDriverGetVersion(int* version) { return *version = 13000, cudaSuccess; }
cudaError_t cudaRuntimeGetVersion(int* version) { return *version = 13000, cudaSuccess; }
cudaError_t cudaGetDeviceCount(int* count) { return *count = 1, cudaSuccess; }
cudaError_t cudaSetDevice(int device) {
  return result(device == 0 ? cudaSuccess : cudaErrorInvalidDevice);
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int device) {
  if (device != 0) return result(cudaErrorInvalidDevice);
  const DeviceLimits& d = limits(machine().settings.capability);
  *p = {};
  std::strcpy(p->name, "SIMT machine");
  p->totalGlobalMem = default_device_bytes;
  p->sharedMemPerBlock = shared_default_bytes;
  p->sharedMemPerBlockOptin = d.shared_optin_bytes;
  p->major = d.capability / 10, p->minor = d.capability % 10;
  p->multiProcessorCount = d.processors;
  p->maxThreadsPerBlock = most_threads, p->warpSize = warp_size;
  p->maxThreadsDim[0] = p->maxThreadsDim[1] = 1024, p->maxThreadsDim[2] = 64;
  p->maxGridSize[0] = 0x7FFFFFFF, p->maxGridSize[1] = p->maxGridSize[2] = 65535;
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  return guarded([](Machine& m) {
    if (broken_by_capture(m)) return cudaErrorStreamCaptureUnsupported;
    m.queue.finish_all();
    return cudaSuccess;
  });
}

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  return guarded([&](Machine& m) {
    if (broken_by_capture(m)) return cudaErrorStreamCaptureUnsupported;
    *memory = m.memory.allocate(bytes);
    return *memory ? cudaSuccess : cudaErrorMemoryAllocation;
  });
}

cudaError_t cudaFree(void* memory) {
  Machine& m = machine();
  const std::lock_guard lock(m.mutex);
  if (!memory) return cudaSuccess;
  if (m.failure.empty()) {
    const cudaError_t status = cudaDeviceSynchronize();  // queued work may still use it
    if (status != cudaSuccess && m.failure.empty()) return status;
  }
  try {
    const std::string damage = m.memory.release(memory);
    if (!damage.empty() && m.failure.empty()) m.failure = damage;
  } catch (const std::invalid_argument&) {
    return result(refuse(cudaErrorInvalidValue, "what is freed was not allocated"));
  }
  return result(cudaSuccess);
}

cudaError_t cudaMallocHost(void** memory, std::size_t bytes) {
  return guarded([&](Machine& m) {
    void* p = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    if (!p) return cudaErrorMemoryAllocation;
    poison(p, bytes);
    m.pinned[static_cast<char*>(p)] = bytes;
    *memory = p;
    return cudaSuccess;
  });
}

cudaError_t cudaFreeHost(void* memory) {
  Machine& m = machine();
  const std::lock_guard lock(m.mutex);
  if (!memory) return cudaSuccess;
  if (m.failure.empty()) cudaDeviceSynchronize();
  if (m.pinned.erase(static_cast<char*>(memory)) == 0) return result(cudaErrorInvalidValue);
  std::free(memory);
  return result(cudaSuccess);
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  return guarded([&](Machine& m) {
    *free = m.memory.free_bytes();
    *total = m.memory.total_bytes();
    return cudaSuccess;
  });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  return guarded([&](Machine& m) {
    Stream* on = stream_of(m, stream);
    return on ? queue_copy(m, to, from, bytes, kind, on) : cudaErrorInvalidResourceHandle;
  });
}

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  return guarded([&](Machine& m) {
    if (broken_by_capture(m)) return cudaErrorStreamCaptureUnsupported;
    const cudaError_t status = queue_copy(m, to, from, bytes, kind, m.queue.default_stream());
    m.queue.finish(m.queue.default_stream());
    return status;
  });
}

cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream) {
  return guarded([&](Machine& m) {
    Stream* on = stream_of(m, stream);
    return on ? queue_fill(m, memory, value, bytes, on) : cudaErrorInvalidResourceHandle;
  });
}

cudaError_t cudaMemset(void* memory, int value, std::size_t bytes) {
  return cudaMemsetAsync(memory, value, bytes, nullptr);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  return guarded([&](Machine& m) { return *stream = m.queue.create_stream(), cudaSuccess; });
}
cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return guarded([&](Machine& m) {
    if (!m.queue.knows(stream)) return cudaErrorInvalidResourceHandle;
    m.queue.destroy(stream);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return guarded([&](Machine& m) {
    Stream* on = stream_of(m, stream);
    if (!on) return cudaErrorInvalidResourceHandle;
    if (broken_by_capture(m)) return cudaErrorStreamCaptureUnsupported;
    m.queue.finish(on);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  return guarded([&](Machine& m) {
    Stream* on = stream_of(m, stream);
    if (!on) return cudaErrorInvalidResourceHandle;
    return on->queue.empty() ? cudaSuccess : cudaErrorNotReady;
  });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  return guarded([&](Machine& m) {
    Stream* on = stream_of(m, stream);
    if (!on || !m.events.contains(event)) return cudaErrorInvalidResourceHandle;
    m.queue.wait(on, event);
    return cudaSuccess;
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  return guarded([&](Machine& m) {
    *event = *m.events.insert(new Event).first;
    (*event)->timing = !(flags & cudaEventDisableTiming);
    return cudaSuccess;
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
    if (!on || !m.events.contains(event)) return cudaErrorInvalidResourceHandle;
    m.queue.record(event, on);
    return cudaSuccess;
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return guarded([&](Machine& m) {
    if (!m.events.contains(event)) return cudaErrorInvalidResourceHandle;
    if (event->capture) return cudaErrorCapturedEvent;
    if (event->marker) m.queue.finish(*event->marker);
    return cudaSuccess;
  });
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  return guarded([&](Machine& m) {
    if (!m.events.contains(event)) return cudaErrorInvalidResourceHandle;
    if (event->capture) return cudaErrorCapturedEvent;
    return !event->marker || event->marker->done ? cudaSuccess : cudaErrorNotReady;
  });
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  return guarded([&](Machine& m) {
    if (!m.events.contains(start) || !m.events.contains(end) || !start->marker || !end->marker ||
        !start->timing || !end->timing)
      return cudaErrorInvalidResourceHandle;
    if (!start->marker->done || !end->marker->done) return cudaErrorNotReady;
    *milliseconds =
        std::chrono::duration<float, std::milli>(end->marker->when - start->marker->when).count();
    return cudaSuccess;
  });
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  return guarded([&](Machine& m) {
    if (!stream || !m.queue.knows(stream)) return cudaErrorInvalidResourceHandle;
    if (stream->capture) return cudaErrorStreamCaptureUnsupported;
    m.queue.begin_capture(stream);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  return guarded([&](Machine& m) {
    if (!m.queue.knows(stream) || !stream->capture || stream->capture->origin != stream)
      return cudaErrorInvalidValue;
    cudaError_t status = cudaSuccess;
    *graph = m.queue.end_capture(stream, &status);
    return status;
  });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  return guarded([&](Machine&) { return *exec = new GraphExec{*graph}, cudaSuccess; });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  return guarded([&](Machine& m) {
    Stream* on = stream_of(m, stream);
    if (!on) return cudaErrorInvalidResourceHandle;
    if (on->capture) return cudaErrorStreamCaptureUnsupported;
    m.queue.launch(exec, on);
    return cudaSuccess;
  });
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  const cudaError_t status = cudaDeviceSynchronize();
  delete exec;
  return status;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

}  // namespace simt
