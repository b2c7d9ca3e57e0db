#include "backend/cuda/pinned_download.h"

#include "kernels/device/device.h"

namespace dcgan::DCGAN_TARGET {

PinnedDownload::PinnedDownload(const Streams& streams, std::size_t most_bytes) : streams_(streams) {
  streams.compute();  // which makes the device the thread's current one
  DCGAN_CUDA_CHECK(cudaMallocHost(&memory_, most_bytes));
  DCGAN_CUDA_CHECK(cudaEventCreateWithFlags(&arrived_, cudaEventDisableTiming));
}

PinnedDownload::~PinnedDownload() {
  cudaEventSynchronize(arrived_);  // of errors no destructor can tell
  cudaEventDestroy(arrived_);
  cudaFreeHost(memory_);
}

void PinnedDownload::begin(const void* device, std::size_t bytes) {
  const cudaStream_t stream = streams_.compute();
  DCGAN_CUDA_CHECK(cudaMemcpyAsync(memory_, device, bytes, cudaMemcpyDeviceToHost, stream));
  DCGAN_CUDA_CHECK(cudaEventRecord(arrived_, stream));
}

const std::byte* PinnedDownload::finish() {
  DCGAN_CUDA_CHECK(cudaEventSynchronize(arrived_));
  return static_cast<const std::byte*>(memory_);
}

}  // namespace dcgan::DCGAN_TARGET
