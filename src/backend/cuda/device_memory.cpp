#include "backend/cuda/device_memory.h"

#include <algorithm>
#include <cstring>

#include "dcgan/error.h"
#include "kernels/device/device.h"

namespace dcgan::DCGAN_TARGET {
namespace {

constexpr std::size_t staging_bytes = std::size_t{4} << 20;

std::string mib(std::size_t bytes) {
  return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB";
}

void release(void* memory) {
  cudaFree(memory);  // its status is that of earlier work, which has been or will be reported
}

}  // namespace

Streams::Streams(int device) : device_(device) {
  DCGAN_CUDA_CHECK(cudaStreamCreateWithFlags(&compute_, cudaStreamNonBlocking));
  DCGAN_CUDA_CHECK(cudaStreamCreateWithFlags(&copy_, cudaStreamNonBlocking));
  DCGAN_CUDA_CHECK(cudaEventCreateWithFlags(&computed_, cudaEventDisableTiming));
  DCGAN_CUDA_CHECK(cudaEventCreateWithFlags(&uploaded_, cudaEventDisableTiming));
  for (Staging& staging : staging_) {
    DCGAN_CUDA_CHECK(cudaMallocHost(&staging.memory, staging_bytes));
    DCGAN_CUDA_CHECK(cudaEventCreateWithFlags(&staging.free, cudaEventDisableTiming));
  }
}

Streams::~Streams() {
  cudaSetDevice(device_);
  cudaStreamSynchronize(compute_);  // which waits for every upload
  for (Staging& staging : staging_) {
    cudaFreeHost(staging.memory);
    cudaEventDestroy(staging.free);
  }
  for (const cudaEvent_t event : {computed_, uploaded_}) cudaEventDestroy(event);
  cudaStreamDestroy(compute_);
  cudaStreamDestroy(copy_);
}

cudaStream_t Streams::compute() const {
  DCGAN_CUDA_CHECK(cudaSetDevice(device_));
  return compute_;
}

void Streams::upload(void* device, const void* host, std::size_t bytes) {
  // Work that was queued before may still use what is overwritten here.
  DCGAN_CUDA_CHECK(cudaEventRecord(computed_, compute()));
  DCGAN_CUDA_CHECK(cudaStreamWaitEvent(copy_, computed_));
  for (std::size_t done = 0; done < bytes;) {
    Staging& staging = staging_[next_];
    next_ ^= 1;
    const std::size_t part = std::min(staging_bytes, bytes - done);
    DCGAN_CUDA_CHECK(cudaEventSynchronize(staging.free));
    std::memcpy(staging.memory, static_cast<const char*>(host) + done, part);
    DCGAN_CUDA_CHECK(cudaMemcpyAsync(static_cast<char*>(device) + done, staging.memory, part,
                                     cudaMemcpyHostToDevice, copy_));
    DCGAN_CUDA_CHECK(cudaEventRecord(staging.free, copy_));
    done += part;
  }
  DCGAN_CUDA_CHECK(cudaEventRecord(uploaded_, copy_));
  DCGAN_CUDA_CHECK(cudaStreamWaitEvent(compute_, uploaded_));
}

void Streams::download(void* host, const void* device, std::size_t bytes) {
  for (std::size_t done = 0; done < bytes;) {
    Staging& staging = staging_[next_];
    next_ ^= 1;
    const std::size_t part = std::min(staging_bytes, bytes - done);
    // Free already: this stream waits for uploads before what follows them.
    DCGAN_CUDA_CHECK(cudaMemcpyAsync(staging.memory, static_cast<const char*>(device) + done, part,
                                     cudaMemcpyDeviceToHost, compute()));
    DCGAN_CUDA_CHECK(cudaStreamSynchronize(compute_));
    std::memcpy(static_cast<char*>(host) + done, staging.memory, part);
    done += part;
  }
}

void Streams::copy(void* destination, const void* source, std::size_t bytes) {
  DCGAN_CUDA_CHECK(
      cudaMemcpyAsync(destination, source, bytes, cudaMemcpyDeviceToDevice, compute()));
}

void Streams::synchronise() { DCGAN_CUDA_CHECK(cudaStreamSynchronize(compute())); }

Buffer allocate_device_memory(std::size_t bytes, const Streams& streams) {
  void* memory = nullptr;
  const cudaStream_t stream = streams.compute();
  const cudaError_t status = cudaMalloc(&memory, std::max<std::size_t>(bytes, 1));
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();  // only this request failed
    std::size_t free = 0, total = 0;
    DCGAN_CUDA_CHECK(cudaMemGetInfo(&free, &total));
    throw Error("out of device memory: " + mib(bytes) + " needed, " + mib(free) + " of " +
                mib(total) + " free; a smaller --batch-size may fit");
  }
  DCGAN_CUDA_CHECK(status);
  Buffer buffer(memory, bytes, release);
  DCGAN_CUDA_CHECK(cudaMemsetAsync(memory, 0, bytes, stream));
  return buffer;
}

void Workspace::grow(Buffer& buffer, std::size_t bytes, Streams& streams) {
  if (bytes <= buffer.bytes()) return;
  streams.synchronise();  // nothing queued may still use the old one
  buffer = Buffer();
  buffer = allocate_device_memory(bytes, streams);
  ++moves_;
}

void Workspace::reserve(const ScratchSize& size, Streams& streams) {
  grow(floats_, size.floats * sizeof(float), streams);
  grow(counters_, size.counters * sizeof(unsigned), streams);
}

Scratch Workspace::scratch() const {
  return {floats_.f32(), reinterpret_cast<unsigned*>(counters_.u8())};
}

}  // namespace dcgan::DCGAN_TARGET
