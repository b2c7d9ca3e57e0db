#include "backend/cuda/timeline.h"

#include "kernels/device/device.h"

namespace dcgan::DCGAN_TARGET {

EventTimeline::~EventTimeline() {
  for (const cudaEvent_t event : events_) cudaEventDestroy(event);
}

std::size_t EventTimeline::mark() {
  const cudaStream_t stream = streams_.compute();
  if (marks_ == events_.size()) {
    cudaEvent_t event = nullptr;
    DCGAN_CUDA_CHECK(cudaEventCreate(&event));
    events_.push_back(event);
  }
  DCGAN_CUDA_CHECK(cudaEventRecord(events_[marks_], stream));
  return marks_++;
}

double EventTimeline::seconds(std::size_t from, std::size_t to) {
  float milliseconds = 0;
  DCGAN_CUDA_CHECK(cudaEventSynchronize(events_.at(to)));
  DCGAN_CUDA_CHECK(cudaEventElapsedTime(&milliseconds, events_.at(from), events_.at(to)));
  return static_cast<double>(milliseconds) * 1e-3;
}

}  // namespace dcgan::DCGAN_TARGET
