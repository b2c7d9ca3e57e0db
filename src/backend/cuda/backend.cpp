#include "backend/cuda/backend.h"

#include <algorithm>
#include <cmath>

#include "backend/cuda/device.h"
#include "backend/cuda/device_memory.h"
#include "backend/cuda/epilogue_parameters.h"
#include "backend/cuda/layers.h"
#include "backend/cuda/timeline.h"
#include "dcgan/error.h"
#include "kernels/adam.h"
#include "kernels/epilogue.h"
#include "kernels/gather.h"
#include "kernels/loss.h"
#include "kernels/random.h"

#define DCGAN_TEXT_OF(name) #name
#define DCGAN_TEXT(name) DCGAN_TEXT_OF(name)

namespace dcgan::DCGAN_TARGET {
namespace {

/// The target's name, as a backend's: simt-check, not simt_check.
std::string backend_name() {
  std::string name = DCGAN_TEXT(DCGAN_TARGET);
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

PhiloxAddress philox(const RandomAddress& a) { return {a.seed, a.stream, a.step}; }

class DeviceBackend final : public Backend {
 public:
  explicit DeviceBackend(int device) : properties_(use_device(device)), streams_(device) {}

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

  std::unique_ptr<LinearOp> dense(const DenseShape& s, const Epilogue& e) override {
    return make_dense(context(), s, e);
  }
  std::unique_ptr<LinearOp> conv2d(const ConvShape& s, const Epilogue& e) override {
    return make_conv2d(context(), s, e);
  }
  std::unique_ptr<LinearOp> conv_transpose2d(const ConvShape& s, const Epilogue& e) override {
    return make_conv_transpose2d(context(), s, e);
  }
  std::unique_ptr<BatchNormOp> batch_norm(const BatchNormShape& s) override {
    return make_batch_norm(context(), s);
  }

  void epilogue_forward(const Epilogue& e, std::int64_t rows, std::int64_t channels,
                        const float* bias, const std::uint8_t* keep, float* y) override {
    DCGAN_TARGET::epilogue_forward(parameters_of(e, bias, keep), rows, channels, y,
                                   streams_.compute());
  }
  void epilogue_backward(const Epilogue& e, std::int64_t rows, std::int64_t channels,
                         const float* y, const std::uint8_t* keep, const float* sample_scale,
                         std::int64_t sample_size, float* dy, float* dbias) override {
    if (dbias) workspace_.reserve(epilogue_workspace_floats(rows, channels), streams_);
    const std::int64_t rows_per_sample = sample_scale ? sample_size / channels : 1;
    DCGAN_TARGET::epilogue_backward(parameters_of(e, nullptr, keep), rows, channels, y,
                                    sample_scale, rows_per_sample, dy, dbias, workspace_.data(),
                                    streams_.compute());
  }

  void gan_loss(const GanLoss& l) override {
    DCGAN_TARGET::gan_loss(
        l.batch, {l.real_target, l.fake_target, l.generator_target},
        {l.logits, l.discriminator_adjoint, l.generator_adjoint, l.ratio, l.losses},
        streams_.compute());
  }
  void adam(const AdamConfig& c, std::int64_t t, std::int64_t n, const float* gradient, float* m,
            float* v, float* parameter) override {
    const auto steps = static_cast<double>(t);
    const double alpha =
        c.learning_rate * std::sqrt(1 - std::pow(c.beta2, steps)) / (1 - std::pow(c.beta1, steps));
    const AdamFactors factors{static_cast<float>(alpha), static_cast<float>(1 - c.beta1),
                              static_cast<float>(1 - c.beta2), static_cast<float>(c.epsilon)};
    DCGAN_TARGET::adam(factors, n, gradient, m, v, parameter, streams_.compute());
  }
  void draw_normal(const RandomAddress& address, std::int64_t n, float* out) override {
    DCGAN_TARGET::draw_normal(philox(address), n, out, streams_.compute());
  }
  void draw_keep_mask(const RandomAddress& address, float dropout_rate, std::int64_t n,
                      std::uint8_t* out) override {
    const auto threshold =
        static_cast<std::uint32_t>(std::lround(static_cast<double>(dropout_rate) * 65536));
    DCGAN_TARGET::draw_keep_mask(philox(address), threshold, n, out, streams_.compute());
  }
  void gather(const GatherBatch& b, float* out) override {
    DCGAN_TARGET::gather({b.pixels, b.count, b.image_size, philox(b.shuffle), b.first}, b.batch,
                         out, streams_.compute());
  }

 private:
  LayerContext context() { return {streams_, workspace_}; }

  cudaDeviceProp properties_;
  Streams streams_;
  Workspace workspace_;
};

}  // namespace

std::unique_ptr<Backend> make_backend(int device) {
  const std::string reason = why_unavailable(device);
  if (!reason.empty()) throw Error("backend '" + backend_name() + "' cannot be used: " + reason);
  return std::make_unique<DeviceBackend>(device);
}

}  // namespace dcgan::DCGAN_TARGET
