// Downloads into pinned memory, for which the host need not wait.
#pragma once
#include "backend/backend.h"
#include "backend/cuda/device_memory.h"

namespace dcgan::DCGAN_TARGET {

class PinnedDownload final : public PendingDownload {
 public:
  PinnedDownload(const Streams& streams, std::size_t most_bytes);
  ~PinnedDownload() override;
  PinnedDownload(const PinnedDownload&) = delete;
  PinnedDownload& operator=(const PinnedDownload&) = delete;

  void begin(const void* device, std::size_t bytes) override;
  const std::byte* finish() override;

 private:
  const Streams& streams_;
  void* memory_ = nullptr;
  cudaEvent_t arrived_ = nullptr;
};

}  // namespace dcgan::DCGAN_TARGET
