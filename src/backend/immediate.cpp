#include "backend/immediate.h"

namespace dcgan {
namespace {

class ImmediateCalls final : public RepeatedCalls {
 public:
  void run(const std::function<void()>& calls) override { calls(); }
};

class ImmediateDownload final : public PendingDownload {
 public:
  ImmediateDownload(Backend& backend, std::size_t most_bytes)
      : backend_(backend), bytes_(most_bytes) {}
  void begin(const void* device, std::size_t bytes) override {
    backend_.download(bytes_.data(), device, bytes);
  }
  const std::byte* finish() override { return bytes_.data(); }

 private:
  Backend& backend_;
  std::vector<std::byte> bytes_;
};

}  // namespace

std::unique_ptr<RepeatedCalls> make_immediate_calls() { return std::make_unique<ImmediateCalls>(); }

std::unique_ptr<PendingDownload> make_immediate_download(Backend& backend, std::size_t most_bytes) {
  return std::make_unique<ImmediateDownload>(backend, most_bytes);
}

}  // namespace dcgan
