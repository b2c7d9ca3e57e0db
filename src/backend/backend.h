// The interface every backend implements: device memory, and the ops of a GAN's training step. Each
// op's file in ops/ says what it computes and how its operands are laid out. Pointers are device
// pointers of the backend; all activations are f32, row-major, NHWC; kernels have Keras's layouts.
// Layers are objects, planned once for their shape; everything else is one call.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "ops/adam.h"
#include "ops/batch_norm.h"
#include "ops/convolution.h"
#include "ops/dense.h"
#include "ops/end_step.h"
#include "ops/epilogue.h"
#include "ops/gather.h"
#include "ops/loss.h"
#include "ops/precision.h"
#include "ops/random.h"
#include "ops/softmax_loss.h"
#include "ops/weighted_sum.h"

namespace dcgan {

/// A layer with a kernel: dense, conv2d or conv_transpose2d, planned for one shape and epilogue.
/// y is its result, z that before the epilogue, dz the gradient of z.
class LinearOp {
 public:
  virtual ~LinearOp() = default;
  /// y = epilogue(x * kernel). bias and keep as in EpilogueForward. Overwrites y.
  virtual void forward(const float* x, const float* kernel, const float* bias,
                       const std::uint8_t* keep, float* y) = 0;
  /// dx = dz * kernel^T. Overwrites dx.
  virtual void backward_data(const float* dz, const float* kernel, float* dx) = 0;
  /// dkernel = x^T * dz, summed over the batch. Overwrites dkernel.
  virtual void backward_weights(const float* x, const float* dz, float* dkernel) = 0;
  /// Both at once, so that what they share is computed once.
  virtual void backward(const float* x, const float* dz, const float* kernel, float* dx,
                        float* dkernel) {
    backward_weights(x, dz, dkernel);
    backward_data(dz, kernel, dx);
  }

  /// In how many parts backward_weights_in_parts() leaves dkernel; 1: there is none.
  virtual int weight_parts() const { return 1; }
  /// dkernel as a sum of such parts, for Backend::adam; they stay until the next call.
  virtual const float* backward_weights_in_parts(const float* /*x*/, const float* /*dz*/) {
    throw std::logic_error("a layer that leaves no parts");
  }

  /// Whether there is a backward_data_through that does better than two calls.
  virtual bool goes_through(const EpilogueBackward& /*before*/) const { return false; }
  /// before.dy = dz * kernel^T, and at once Backend::epilogue_backward(before), where `before` is
  /// the epilogue of the layer that made x.
  virtual void backward_data_through(const float* /*dz*/, const float* /*kernel*/,
                                     const EpilogueBackward& /*before*/) {
    throw std::logic_error("a layer that goes through no epilogue");
  }

  /// Whether there is a forward_with_statistics that does better than two calls.
  virtual bool makes_statistics(const BatchNormShape& /*after*/) const { return false; }
  /// y = x * kernel + bias, of a layer without another epilogue, and what
  /// BatchNormOp::forward_training takes of it; BatchNormOp::normalise does the rest.
  virtual void forward_with_statistics(const float* /*x*/, const float* /*kernel*/,
                                       const float* /*bias*/, float* /*y*/,
                                       const BatchNormStatistics& /*after*/) {
    throw std::logic_error("a layer that makes no statistics");
  }
  /// Whether there is a backward_data_with_sums that does better than two calls.
  virtual bool makes_sums(const BatchNormShape& /*before*/) const { return false; }
  /// before.dy = dz * kernel^T, and the sums over it, where `before` is the batch norm that made x;
  /// BatchNormOp::backward_from_sums does the rest.
  virtual void backward_data_with_sums(const float* /*dz*/, const float* /*kernel*/,
                                       const BatchNormSums& /*before*/) {
    throw std::logic_error("a layer that makes no sums for batch norm");
  }
};

class BatchNormOp {
 public:
  virtual ~BatchNormOp() = default;
  /// y = activation(gamma * (x - mean) * inv_std + beta) with the batch's biased statistics, which
  /// are written to mean and inv_std [channels] and blended into the moving ones.
  virtual void forward_training(const float* x, const BatchNormParameters& p, float* mean,
                                float* inv_std, float* y) = 0;
  /// The same with the moving statistics.
  virtual void forward_inference(const float* x, const BatchNormParameters& p, float* y) = 0;
  /// From dy, the gradient of y: dx (may be dy itself), dgamma and dbeta, all overwritten. Of p
  /// gamma alone is read.
  virtual void backward(const float* x, const float* y, const float* dy,
                        const BatchNormParameters& p, const float* mean, const float* inv_std,
                        float* dx, float* dgamma, float* dbeta) = 0;

  /// What is left of forward_training after LinearOp::forward_with_statistics: y.
  virtual void normalise(const float* /*x*/, const BatchNormParameters& /*p*/,
                         const float* /*mean*/, const float* /*inv_std*/, float* /*y*/) {
    throw std::logic_error("a batch norm that makes its own statistics");
  }
  /// What is left of backward after LinearOp::backward_data_with_sums: dx, which may be of.dy.
  virtual void backward_from_sums(const BatchNormSums& /*of*/, const float* /*gamma*/,
                                  float* /*dx*/) {
    throw std::logic_error("a batch norm that makes its own sums");
  }
};

/// Device memory, released with the object. Zero-filled when allocated.
class Buffer {
 public:
  Buffer() = default;
  Buffer(void* data, std::size_t bytes, void (*release)(void*))
      : data_(data, release), bytes_(bytes) {}
  float* f32() const { return static_cast<float*>(data_.get()); }
  std::uint8_t* u8() const { return static_cast<std::uint8_t*>(data_.get()); }
  std::size_t bytes() const { return bytes_; }

 private:
  std::unique_ptr<void, void (*)(void*)> data_{nullptr, [](void*) {}};
  std::size_t bytes_ = 0;
};

/// Marks in the order of a device's work, and the time between them. Its backend must outlive it.
class Timeline {
 public:
  virtual ~Timeline() = default;
  /// Sets a mark after all work called for so far, without waiting for it. Returns its number, from
  /// 0.
  virtual std::size_t mark() = 0;
  /// The time the device took from a mark to a later one, for which it waits.
  virtual double seconds(std::size_t from, std::size_t to) = 0;
  /// Forgets all marks; the next one is number 0.
  virtual void clear() = 0;
};

/// Calls of ops that are made again and again. Its backend must outlive it.
class RepeatedCalls {
 public:
  virtual ~RepeatedCalls() = default;
  /// Makes the calls, or has the device do by itself what they did before: `calls` must call for
  /// the same ops with the same arguments each time, and for nothing else of the backend.
  virtual void run(const std::function<void()>& calls) = 0;
};

/// A download that the host need not wait for. Its backend must outlive it.
class PendingDownload {
 public:
  virtual ~PendingDownload() = default;
  /// Has the bytes copied as they are after all work called for so far.
  virtual void begin(const void* device, std::size_t bytes) = 0;
  /// Waits for them; they stay until the next begin().
  virtual const std::byte* finish() = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string name() const = 0;
  /// One line about the device: "oneDNN 2.6.3, 2 threads, AVX-512".
  virtual std::string description() const = 0;
  /// The stream all work is queued on, a cudaStream_t, for a program that captures or times it;
  /// null where the backend has none.
  virtual void* native_stream() const { return nullptr; }

  virtual Buffer allocate(std::size_t bytes) = 0;
  virtual void upload(void* device, const void* host, std::size_t bytes) = 0;
  virtual void download(void* host, const void* device, std::size_t bytes) = 0;
  virtual void copy(void* destination, const void* source, std::size_t bytes) = 0;

  /// Returns when the device has done all that was called for.
  virtual void synchronise() = 0;
  virtual std::unique_ptr<Timeline> timeline() = 0;

  /// Whether calls return before their work is done, so that a device can be kept busy.
  virtual bool asynchronous() const { return false; }
  virtual std::unique_ptr<RepeatedCalls> repeated_calls() = 0;
  /// For downloads of up to so many bytes.
  virtual std::unique_ptr<PendingDownload> pending_download(std::size_t most_bytes) = 0;

  virtual std::unique_ptr<LinearOp> dense(const DenseShape&, const Epilogue&) = 0;
  virtual std::unique_ptr<LinearOp> convolution(const ConvShape&, const Epilogue&) = 0;
  virtual std::unique_ptr<BatchNormOp> batch_norm(const BatchNormShape&) = 0;

  virtual void epilogue_forward(const EpilogueForward&) = 0;
  virtual void epilogue_backward(const EpilogueBackward&) = 0;
  virtual void gan_loss(const GanLoss&) = 0;
  virtual void softmax_loss(const SoftmaxLoss&) = 0;
  virtual void adam(const AdamStep&) = 0;
  /// Normals, where n is not 0, and masks.
  virtual void draw(const NormalDraw& normal, const std::vector<KeepMaskDraw>& masks) = 0;
  void draw_normal(const NormalDraw& normal) { draw(normal, {}); }
  void draw_keep_masks(const std::vector<KeepMaskDraw>& masks) { draw({}, masks); }
  virtual void gather(const Gather&) = 0;
  virtual void weighted_sum(const WeightedSum&) = 0;
  virtual void end_step(const EndStep&) = 0;
};

/// A backend this program knows, and why it cannot be used here (empty: it can).
struct BackendStatus {
  std::string name, why_unavailable;
};

/// All backends, the fastest first: the order in which "auto" chooses.
std::vector<BackendStatus> backend_statuses();

/// The number in the environment's DCGAN_DEVICE: cuda's device, 0 where it is not set. Throws
/// UsageError if it is not a number.
int device_of_environment();

/// The backend of that name; "auto": the first of backend_statuses() that can be used. `threads` is
/// the cpu backend's, 0: all cores; `precision` that of dense layers and convolutions, of which cpu
/// has fp32 alone. Throws UsageError for an unknown name or that precision on cpu, Error if the
/// backend cannot be used.
std::unique_ptr<Backend> make_backend(const std::string& name, int threads = 0,
                                      Precision precision = Precision::fp32);

}  // namespace dcgan
