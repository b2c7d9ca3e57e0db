// The interface every backend implements: device memory, and the operations of a GAN's training
// step as objects planned once for their shapes. Pointers named x, y, w ... are device pointers of
// the backend; all activations are f32, row-major, NHWC; kernels have Keras's layouts.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dcgan/config.h"

namespace dcgan {

enum class Activation { none, leaky_relu, tanh };

/// What follows a layer's arithmetic: y = dropout(activation(z + bias)).
struct Epilogue {
  bool bias = false;
  Activation activation = Activation::none;
  float slope = 0;         ///< of LeakyReLU where z <= 0
  float dropout_rate = 0;  ///< 0: no dropout; kept values are scaled by 1 / (1 - rate)

  float keep_scale() const { return 1.0F / (1.0F - dropout_rate); }
  bool does_something() const { return bias || activation != Activation::none || dropout_rate > 0; }
};

/// x [batch, in] * kernel [in, out] -> y [batch, out]
struct DenseShape {
  std::int64_t batch, in, out;
};

/// A convolution or transposed convolution with padding 'same' as Keras defines it.
/// conv2d: x [batch, height, width, in] -> y [batch, ceil(height/stride), ceil(width/stride), out],
///   kernel [k, k, in, out], pad before = max((H_out - 1) * stride + k - H, 0) / 2.
/// conv_transpose2d: x [batch, height, width, in] -> y [batch, height*stride, width*stride, out],
///   kernel [k, k, out, in]: the exact adjoint of conv2d from y's shape to x's.
struct ConvShape {
  std::int64_t batch, height, width, in, out, kernel, stride;
};

/// A layer with a kernel: dense, conv2d or conv_transpose2d, planned for one shape and epilogue.
/// y is its result, z what it is before the epilogue, dz the gradient of z.
class LinearOp {
 public:
  virtual ~LinearOp() = default;
  /// y = epilogue(x * kernel). bias and keep as in Backend::epilogue_forward. Overwrites y.
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
};

/// Batch normalisation over rows for each of `channels`, with LeakyReLU (or nothing) behind it.
/// x and y are [rows, channels].
struct BatchNormShape {
  std::int64_t rows, channels;
  float momentum, epsilon;
  Activation activation = Activation::none;
  float slope = 0;
};

struct BatchNormParameters {
  const float* gamma;
  const float* beta;
  float* moving_mean;
  float* moving_variance;
};

class BatchNormOp {
 public:
  virtual ~BatchNormOp() = default;
  /// y = activation(gamma * (x - mean) * inv_std + beta) with the batch's biased statistics, which
  /// are left in mean and inv_std [channels] and blended into the moving ones.
  virtual void forward_training(const float* x, const BatchNormParameters& p, float* mean,
                                float* inv_std, float* y) = 0;
  /// The same with the moving statistics.
  virtual void forward_inference(const float* x, const BatchNormParameters& p, float* y) = 0;
  /// From dy, the gradient of y: dx (may be dy itself), dgamma and dbeta, all overwritten.
  virtual void backward(const float* x, const float* y, const float* dy,
                        const BatchNormParameters& p, const float* mean, const float* inv_std,
                        float* dx, float* dgamma, float* dbeta) = 0;
};

/// Where a random number comes from: (seed, stream, step, element). No generator has state.
struct RandomAddress {
  std::uint64_t seed;
  std::uint32_t stream;
  std::uint64_t step;
};

/// Both losses of a GAN and the adjoints of the logits, from logits [2 * batch]: real, then fake.
/// L_D = mean bce(real, real_target) + mean bce(fake, fake_target); L_G = mean bce(fake,
/// generator_target).
struct GanLoss {
  std::int64_t batch;
  float real_target, fake_target, generator_target;
  const float* logits;
  float* discriminator_adjoint;  ///< [2 * batch], dL_D / dlogit
  float* generator_adjoint;      ///< [batch], dL_G / dlogit of the fake half
  float* ratio;   ///< [batch], generator_adjoint / discriminator_adjoint; see gan_loss
  float* losses;  ///< [2]: L_G, L_D
};

/// Images to gather: out[i] = (pixels[index(first + i)] - 127.5) / 127.5, where index is the
/// permutation of [0, count) that `shuffle` addresses.
struct GatherBatch {
  const std::uint8_t* pixels;  ///< device memory, [count, image_size]
  std::int64_t count, image_size;
  RandomAddress shuffle;
  std::int64_t first, batch;
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

/// Points in the order of a device's work, and the time between them. Of a backend, which must
/// outlive it.
class Timeline {
 public:
  virtual ~Timeline() = default;
  /// Sets a mark behind all work that was called for so far, without waiting for it. Its number,
  /// from 0.
  virtual std::size_t mark() = 0;
  /// The time the device took from a mark to a later one, for which it waits.
  virtual double seconds(std::size_t from, std::size_t to) = 0;
  /// Forgets all marks; the next one is number 0.
  virtual void clear() = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string name() const = 0;
  /// One line on the device: "oneDNN 2.6.3, 2 threads, AVX-512".
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

  virtual std::unique_ptr<LinearOp> dense(const DenseShape&, const Epilogue&) = 0;
  virtual std::unique_ptr<LinearOp> conv2d(const ConvShape&, const Epilogue&) = 0;
  virtual std::unique_ptr<LinearOp> conv_transpose2d(const ConvShape&, const Epilogue&) = 0;
  virtual std::unique_ptr<BatchNormOp> batch_norm(const BatchNormShape&) = 0;

  /// y = epilogue(y) in place. y [rows, channels]; keep [rows * channels] of 0 or 1 where the
  /// epilogue has dropout (null: inference, dropout does nothing).
  virtual void epilogue_forward(const Epilogue&, std::int64_t rows, std::int64_t channels,
                                const float* bias, const std::uint8_t* keep, float* y) = 0;
  /// In place, from dy, the gradient of the epilogue's result y, to dz, that of its input; where
  /// dbias is not null it gets the sum of dz over the rows. sample_scale, if not null, multiplies
  /// the gradient of each sample ([rows * channels / sample_size]).
  virtual void epilogue_backward(const Epilogue&, std::int64_t rows, std::int64_t channels,
                                 const float* y, const std::uint8_t* keep,
                                 const float* sample_scale, std::int64_t sample_size, float* dy,
                                 float* dbias) = 0;

  /// Losses and adjoints. Where the targets are 0 and 1 one backward pass can serve both losses:
  /// the gradient of L_G is the fake half's times ratio = (sigmoid - 1) / sigmoid = -exp(-logit).
  /// Below a logit of -60 the discriminator's adjoint of that sample is held at sigmoid(-60) /
  /// batch (9e-27 / batch: no float gradient it is added to can tell), so that neither factor
  /// under- or overflows.
  virtual void gan_loss(const GanLoss&) = 0;

  /// One Adam step over n contiguous parameters; t counts from 1.
  virtual void adam(const AdamConfig&, std::int64_t t, std::int64_t n, const float* gradient,
                    float* m, float* v, float* parameter) = 0;

  /// n draws from N(0, 1) by Box and Muller.
  virtual void draw_normal(const RandomAddress&, std::int64_t n, float* out) = 0;
  /// n bytes, 1 with probability 1 - dropout_rate (to 2^-16), else 0.
  virtual void draw_keep_mask(const RandomAddress&, float dropout_rate, std::int64_t n,
                              std::uint8_t* out) = 0;
  /// out [batch, image_size]
  virtual void gather(const GatherBatch&, float* out) = 0;
};

/// A backend this program knows, and why it cannot be used here (empty: it can).
struct BackendStatus {
  std::string name, why_unavailable;
};

/// All backends, the fastest first: the order in which "auto" chooses.
std::vector<BackendStatus> backend_statuses();

/// The number in the environment's DCGAN_DEVICE: cuda's device, 0 where it is not set. Throws
/// UsageError where it is no number.
int device_of_environment();

/// The backend of that name; "auto": the first of backend_statuses() that can be used. `threads` is
/// the cpu backend's, 0: all cores. Throws UsageError for an unknown name, Error where it cannot be
/// had.
std::unique_ptr<Backend> make_backend(const std::string& name, int threads = 0);

}  // namespace dcgan
