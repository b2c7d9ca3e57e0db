// The CUDA runtime's functions on memory: allocations, copies and fills.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

#include "simt/check/copies.h"
#include "simt/check/global_shadow.h"
#include "simt/check/host_access.h"
#include "simt/machine_state.h"
#include "simt/memory/poison.h"
#include "simt/runtime/call.h"

namespace simt {
namespace {

bool is_pinned(Machine& m, const void* p, std::size_t bytes) {
  auto next = m.pinned.upper_bound(const_cast<char*>(static_cast<const char*>(p)));
  if (next == m.pinned.begin()) return false;
  --next;
  return static_cast<const char*>(p) + bytes <= next->first + next->second;
}

void queue_copy(Machine& m, void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                Stream* stream) {
  if (bytes == 0) return;
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  if (to_device != m.memory.contains(to) || from_device != m.memory.contains(from))
    throw Refusal{cudaErrorInvalidValue, "a copy's kind does not fit its pointers"};
  if ((to_device && !m.memory.holds(to, bytes)) || (from_device && !m.memory.holds(from, bytes)))
    throw Refusal{cudaErrorInvalidValue,
                  "a copy of " + std::to_string(bytes) + " bytes leaves its device allocation: " +
                      m.memory.describe(to_device && !m.memory.holds(to, bytes) ? to : from)};
  if (kind == cudaMemcpyHostToDevice && !is_pinned(m, from, bytes)) {
    // Pageable memory is read before the call returns.
    const auto snapshot = std::make_shared<std::vector<char>>(
        static_cast<const char*>(from), static_cast<const char*>(from) + bytes);
    m.queue.push(stream, [&m, to, snapshot, bytes] {
      check::copied(m.queue.running(), to, nullptr, bytes);
      std::memcpy(to, snapshot->data(), bytes);
    });
    return;
  }
  HostRange host;
  if (kind == cudaMemcpyHostToDevice) host = {static_cast<const char*>(from), bytes, false};
  if (kind == cudaMemcpyDeviceToHost) {
    host = {static_cast<const char*>(to), bytes, true};
    // A host that reads before it has waited shall see that it did.
    if (!m.queue.touches(host)) poison(to, bytes);
  }
  m.queue.push(
      stream,
      [&m, to, from, bytes, to_device, from_device] {
        check::copied(m.queue.running(), to_device ? to : nullptr, from_device ? from : nullptr,
                      bytes);
        std::memmove(to, from, bytes);
      },
      host);
  if (host.bytes > 0) check::watch_host();
  if (kind == cudaMemcpyDeviceToHost && !is_pinned(m, to, bytes)) {
    require_no_capture(m);
    m.queue.finish(stream);
  }
}

void queue_fill(Machine& m, void* memory, int value, std::size_t bytes, Stream* stream) {
  if (bytes == 0) return;
  if (!m.memory.holds(memory, bytes))
    throw Refusal{cudaErrorInvalidValue,
                  "a fill leaves its device allocation: " + m.memory.describe(memory)};
  require_current(stream);
  if (m.memory.device_of(memory) != stream->device)
    throw Refusal{cudaErrorInvalidValue, "a fill of another device's memory"};
  m.queue.push(stream, [&m, memory, value, bytes] {
    check::filled(m.queue.running(), memory, bytes);
    std::memset(memory, value, bytes);
  });
}

}  // namespace

cudaError_t allocate(void** memory, std::size_t bytes, bool checked) {
  return guarded([&](Machine& m) {
    require_no_capture(m);
    *memory = m.memory.allocate(bytes, current_device());
    if (*memory && checked && !m.profile) check::global_shadow().add(*memory, bytes);
    if (!*memory) throw Refusal{cudaErrorMemoryAllocation};
  });
}

cudaError_t cudaFree(void* memory) {
  Machine& m = machine();
  const std::lock_guard lock(m.mutex);
  if (!memory) return cudaSuccess;
  if (m.failure.empty()) {
    const cudaError_t status = synchronise_all();  // queued work may still use it
    if (status != cudaSuccess && m.failure.empty()) return status;
  }
  try {
    const std::string damage = m.memory.release(memory);
    check::global_shadow().remove(memory);
    if (!damage.empty() && m.failure.empty()) m.failure = damage;
  } catch (const std::invalid_argument&) {
    return result(cudaErrorInvalidValue, "what is freed was not allocated");
  }
  return result(cudaSuccess);
}

cudaError_t cudaMallocHost(void** memory, std::size_t bytes) {
  return guarded([&](Machine& m) {
    void* p = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    if (!p) throw Refusal{cudaErrorMemoryAllocation};
    poison(p, bytes);
    m.pinned[static_cast<char*>(p)] = bytes;
    *memory = p;
  });
}

cudaError_t cudaFreeHost(void* memory) {
  Machine& m = machine();
  const std::lock_guard lock(m.mutex);
  if (!memory) return cudaSuccess;
  if (m.failure.empty()) synchronise_all();
  if (m.pinned.erase(static_cast<char*>(memory)) == 0) return result(cudaErrorInvalidValue);
  std::free(memory);
  return result(cudaSuccess);
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  return guarded([&](Machine& m) {
    *free = m.memory.free_bytes(current_device());
    *total = m.memory.total_bytes();
  });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  return guarded([&](Machine& m) { queue_copy(m, to, from, bytes, kind, stream_of(m, stream)); });
}

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  return guarded([&](Machine& m) {
    require_no_capture(m);
    Stream* const on = m.queue.default_stream(current_device());
    queue_copy(m, to, from, bytes, kind, on);
    m.queue.finish(on);
  });
}

cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream) {
  return guarded([&](Machine& m) { queue_fill(m, memory, value, bytes, stream_of(m, stream)); });
}

cudaError_t cudaMemset(void* memory, int value, std::size_t bytes) {
  return cudaMemsetAsync(memory, value, bytes, nullptr);
}

}  // namespace simt
