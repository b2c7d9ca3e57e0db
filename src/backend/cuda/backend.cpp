#include "backend/cuda/backend.h"

#include <algorithm>

#include "backend/cuda/device.h"
#include "backend/cuda/device_memory.h"
#include "backend/cuda/graph.h"
#include "backend/cuda/layers.h"
#include "backend/cuda/pinned_download.h"
#include "backend/cuda/timeline.h"
#include "dcgan/error.h"
#include "kernels/adam.h"
#include "kernels/end_step.h"
#include "kernels/epilogue.h"
#include "kernels/gather.h"
#include "kernels/loss.h"
#include "kernels/random.h"
#include "kernels/softmax_loss.h"
#include "kernels/weighted_sum.h"

#define DCGAN_TEXT_OF(name) #name
#define DCGAN_TEXT(name) DCGAN_TEXT_OF(name)

namespace dcgan::DCGAN_TARGET {
namespace {

/// The target's name as a backend's: simt-check, not simt_check.
std::string backend_name() {
  std::string name = DCGAN_TEXT(DCGAN_TARGET);
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

class DeviceBackend final : public Backend {
 public:
  DeviceBackend(int device, Precision precision)
      : properties_(use_device(device)), precision_(precision), streams_(device) {
    if (precision != Precision::fp32 && !has_tensor_cores(properties_))
      throw Error("the device '" + std::string(properties_.name) +
                  "' computes in fp32 alone: tf32 needs compute capability 8.0, and code for it");
    launches_overlap = can_overlap_launches(properties_);
  }

  std::string name() const override { return backend_name(); }
  std::string description() const override {
    int runtime = 0;
    DCGAN_CUDA_CHECK(cudaRuntimeGetVersion(&runtime));
    const cudaDeviceProp& p = properties_;
    return std::string(p.name) + ", compute capability " + std::to_string(p.major) + "." +
           std::to_string(p.minor) + ", " + std::to_string(p.totalGlobalMem >> 20) + " MiB, CUDA " +
           version_text(runtime);
  }
  void* native_stream() const override { return streams_.compute(); }

  Buffer allocate(std::size_t bytes) override { return allocate_device_memory(bytes, streams_); }
  void upload(void* device, const void* host, std::size_t bytes) override {
    streams_.upload(device, host, bytes);
  }
  void download(void* host, const void* device, std::size_t bytes) override {
    streams_.download(host, device, bytes);
  }
  void copy(void* destination, const void* source, std::size_t bytes) override {
    streams_.copy(destination, source, bytes);
  }
  void synchronise() override { streams_.synchronise(); }
  std::unique_ptr<Timeline> timeline() override {
    return std::make_unique<EventTimeline>(streams_);
  }
  bool asynchronous() const override { return true; }
  std::unique_ptr<RepeatedCalls> repeated_calls() override {
    return std::make_unique<StreamGraph>(streams_, workspace_);
  }
  std::unique_ptr<PendingDownload> pending_download(std::size_t most_bytes) override {
    return std::make_unique<PinnedDownload>(streams_, most_bytes);
  }

  std::unique_ptr<LinearOp> dense(const DenseShape& s, const Epilogue& e) override {
    return make_dense(context(), s, e);
  }
  std::unique_ptr<LinearOp> convolution(const ConvShape& s, const Epilogue& e) override {
    return make_convolution(context(), s, e);
  }
  std::unique_ptr<BatchNormOp> batch_norm(const BatchNormShape& s) override {
    return make_batch_norm(context(), s);
  }

  void epilogue_forward(const EpilogueForward& c) override {
    DCGAN_TARGET::epilogue_forward(c, streams_.compute());
  }
  void epilogue_backward(const EpilogueBackward& c) override {
    if (c.dbias) workspace_.reserve(epilogue_scratch(c.rows, c.channels), streams_);
    DCGAN_TARGET::epilogue_backward(c, workspace_.scratch(), streams_.compute());
  }
  void gan_loss(const GanLoss& l) override { DCGAN_TARGET::gan_loss(l, streams_.compute()); }
  void softmax_loss(const SoftmaxLoss& l) override {
    DCGAN_TARGET::softmax_loss(l, streams_.compute());
  }
  void adam(const AdamStep& s) override { DCGAN_TARGET::adam(s, streams_.compute()); }
  void draw(const NormalDraw& normal, const std::vector<KeepMaskDraw>& masks) override {
    DCGAN_TARGET::draw(normal, masks, streams_.compute());
  }
  void gather(const Gather& g) override { DCGAN_TARGET::gather(g, streams_.compute()); }
  void weighted_sum(const WeightedSum& s) override {
    DCGAN_TARGET::weighted_sum(s, streams_.compute());
  }
  void end_step(const EndStep& e) override { DCGAN_TARGET::end_step(e, streams_.compute()); }

 private:
  LayerContext context() { return {streams_, workspace_, precision_}; }

  cudaDeviceProp properties_;
  Precision precision_;
  Streams streams_;
  Workspace workspace_;
};

}  // namespace

std::unique_ptr<Backend> make_backend(int device, Precision precision) {
  const std::string reason = why_unavailable(device);
  if (!reason.empty()) throw Error("backend '" + backend_name() + "' cannot be used: " + reason);
  return std::make_unique<DeviceBackend>(device, precision);
}

}  // namespace dcgan::DCGAN_TARGET
