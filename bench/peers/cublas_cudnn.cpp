// NVIDIA's libraries: a GEMM for dense layers, cuDNN's convolutions as its own search chooses them
// among all algorithms and both layouts, its batch norm. "fp32" is what the kernels compute with;
// "tf32" lets tensor cores round the operands to 10 bits.
#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cudnn.h>

#include <algorithm>
#include <optional>

#include "bench/peers/peer.h"
#include "dcgan/error.h"
#include "ops/batch_norm_case.h"
#include "ops/conv_case.h"
#include "ops/dense_case.h"

namespace dcgan::bench {
namespace {

void check(cudaError_t status) {
  if (status != cudaSuccess) throw Error(std::string("CUDA: ") + cudaGetErrorString(status));
}
void check(cublasStatus_t status) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw Error(std::string("cuBLAS: ") + cublasGetStatusString(status));
}
void check(cudnnStatus_t status) {
  if (status != CUDNN_STATUS_SUCCESS)
    throw Error(std::string("cuDNN: ") + cudnnGetErrorString(status));
}

enum class Direction { forward, backward_data, backward_weights };
enum class Precision { fp32, tf32 };

/// Device memory of n floats drawn from N(0, 1): zeros would let the clocks rise.
class Floats {
 public:
  explicit Floats(std::int64_t n) {
    const auto host = test::normal_floats(n, 1);
    check(cudaMalloc(&data_, bytes(n)));
    check(cudaMemcpy(data_, host.data(), bytes(n), cudaMemcpyHostToDevice));
  }
  ~Floats() { cudaFree(data_); }
  Floats(const Floats&) = delete;
  Floats& operator=(const Floats&) = delete;
  float* get() const { return static_cast<float*>(data_); }

 private:
  static std::size_t bytes(std::int64_t n) { return static_cast<std::size_t>(n) * sizeof(float); }
  void* data_ = nullptr;
};

/// Owns one of the libraries' descriptors.
template <class T, cudnnStatus_t (*create)(T*), cudnnStatus_t (*destroy)(T)>
class Descriptor {
 public:
  Descriptor() { check(create(&value_)); }
  ~Descriptor() { destroy(value_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  operator T() const { return value_; }

 private:
  T value_ = nullptr;
};
using Handle = Descriptor<cudnnHandle_t, cudnnCreate, cudnnDestroy>;
using Tensor =
    Descriptor<cudnnTensorDescriptor_t, cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor>;
using Filter =
    Descriptor<cudnnFilterDescriptor_t, cudnnCreateFilterDescriptor, cudnnDestroyFilterDescriptor>;
using Convolution = Descriptor<cudnnConvolutionDescriptor_t, cudnnCreateConvolutionDescriptor,
                               cudnnDestroyConvolutionDescriptor>;

class DevicePeer : public Peer {
 public:
  void wait() override { check(cudaDeviceSynchronize()); }
};

/// Our matrices are row-major, cuBLAS's column-major: it computes the transposed product.
class Gemm final : public DevicePeer {
 public:
  Gemm(const DenseShape& s, Direction direction, Precision precision)
      : s_(s), direction_(direction), x_(s.batch * s.in), w_(s.in * s.out), y_(s.batch * s.out) {
    check(cublasCreate(&handle_));
    check(cublasSetMathMode(
        handle_, precision == Precision::fp32 ? CUBLAS_DEFAULT_MATH : CUBLAS_TF32_TENSOR_OP_MATH));
  }
  ~Gemm() override { cublasDestroy(handle_); }
  void run() override {
    const auto batch = static_cast<int>(s_.batch), in = static_cast<int>(s_.in),
               out = static_cast<int>(s_.out);
    if (direction_ == Direction::forward)  // y^T [out, batch] = w^T [out, in] x^T
      product(CUBLAS_OP_N, CUBLAS_OP_N, out, batch, in, w_, out, x_, in, y_, out);
    else if (direction_ == Direction::backward_data)  // dx^T [in, batch] = w [in, out] dy^T
      product(CUBLAS_OP_T, CUBLAS_OP_N, in, batch, out, w_, out, y_, out, x_, in);
    else  // dw^T [out, in] = dy^T [out, batch] x
      product(CUBLAS_OP_N, CUBLAS_OP_T, out, in, batch, y_, out, x_, in, w_, out);
  }

 private:
  void product(cublasOperation_t op_a, cublasOperation_t op_b, int m, int n, int k, const Floats& a,
               int lda, const Floats& b, int ldb, const Floats& c, int ldc) {
    const float one = 1, zero = 0;
    check(cublasSgemm(handle_, op_a, op_b, m, n, k, &one, a.get(), lda, b.get(), ldb, &zero,
                      c.get(), ldc));
  }

  DenseShape s_;
  Direction direction_;
  Floats x_, w_, y_;
  cublasHandle_t handle_ = nullptr;
};

/// A convolution in one layout. cuDNN pads alike on both sides; where 'same' is uneven the image
/// gets the larger padding on both, which leaves the shapes and the work as they are.
class ConvolutionInLayout {
 public:
  ConvolutionInLayout(const ConvShape& s, Direction direction, Precision precision,
                      cudnnTensorFormat_t layout)
      : direction_(direction),
        x_(s.batch * s.height * s.width * s.in),
        w_(s.kernel * s.kernel * s.in * s.out),
        y_(s.batch * length(s.height, s) * length(s.width, s) * s.out) {
    const auto narrow = [](std::int64_t n) { return static_cast<int>(n); };
    const int out_height = narrow(length(s.height, s)), out_width = narrow(length(s.width, s));
    const auto padding = [&](std::int64_t in, std::int64_t out) {
      return narrow((std::max<std::int64_t>((out - 1) * s.stride + s.kernel - in, 0) + 1) / 2);
    };
    check(cudnnSetTensor4dDescriptor(x_is_, layout, CUDNN_DATA_FLOAT, narrow(s.batch), narrow(s.in),
                                     narrow(s.height), narrow(s.width)));
    check(cudnnSetTensor4dDescriptor(y_is_, layout, CUDNN_DATA_FLOAT, narrow(s.batch),
                                     narrow(s.out), out_height, out_width));
    check(cudnnSetFilter4dDescriptor(w_is_, CUDNN_DATA_FLOAT, layout, narrow(s.out), narrow(s.in),
                                     narrow(s.kernel), narrow(s.kernel)));
    check(cudnnSetConvolution2dDescriptor(
        conv_, padding(s.height, out_height), padding(s.width, out_width), narrow(s.stride),
        narrow(s.stride), 1, 1, CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT));
    check(cudnnSetConvolutionMathType(
        conv_, precision == Precision::fp32 ? CUDNN_FMA_MATH : CUDNN_DEFAULT_MATH));
    check(cudaMalloc(&workspace_, workspace_bytes));
    search();
  }
  ~ConvolutionInLayout() { cudaFree(workspace_); }
  ConvolutionInLayout(const ConvolutionInLayout&) = delete;
  ConvolutionInLayout& operator=(const ConvolutionInLayout&) = delete;

  bool found() const { return found_; }
  float milliseconds() const { return milliseconds_; }
  int algorithm() const { return algorithm_; }

  void run() {
    const float one = 1, zero = 0;
    if (direction_ == Direction::forward)
      check(cudnnConvolutionForward(handle_, &one, x_is_, x_.get(), w_is_, w_.get(), conv_,
                                    static_cast<cudnnConvolutionFwdAlgo_t>(algorithm_), workspace_,
                                    workspace_bytes, &zero, y_is_, y_.get()));
    else if (direction_ == Direction::backward_data)
      check(cudnnConvolutionBackwardData(handle_, &one, w_is_, w_.get(), y_is_, y_.get(), conv_,
                                         static_cast<cudnnConvolutionBwdDataAlgo_t>(algorithm_),
                                         workspace_, workspace_bytes, &zero, x_is_, x_.get()));
    else
      check(cudnnConvolutionBackwardFilter(handle_, &one, x_is_, x_.get(), y_is_, y_.get(), conv_,
                                           static_cast<cudnnConvolutionBwdFilterAlgo_t>(algorithm_),
                                           workspace_, workspace_bytes, &zero, w_is_, w_.get()));
  }

 private:
  static constexpr std::size_t workspace_bytes = std::size_t{1} << 30;
  static constexpr int most_results = 16;

  static std::int64_t length(std::int64_t in, const ConvShape& s) {
    return (in + s.stride - 1) / s.stride;
  }

  /// Takes the first that succeeded: the fastest.
  template <class Performance>
  void take(cudnnStatus_t status, const Performance* all, int count,
            std::optional<cudnnMathType_t> wanted) {
    if (status != CUDNN_STATUS_SUCCESS) return;
    for (int i = 0; i < count && !found_; ++i) {
      if (all[i].status != CUDNN_STATUS_SUCCESS || all[i].memory > workspace_bytes) continue;
      if (wanted && all[i].mathType != *wanted) continue;
      algorithm_ = static_cast<int>(all[i].algo);
      milliseconds_ = all[i].time;
      check(cudnnSetConvolutionMathType(conv_, all[i].mathType));
      found_ = true;
    }
  }

  void search() {
    cudnnMathType_t math;
    int count = 0;
    check(cudnnGetConvolutionMathType(conv_, &math));
    // The search tries other arithmetic than the descriptor's too: fp32 must stay fp32.
    const std::optional<cudnnMathType_t> wanted =
        math == CUDNN_FMA_MATH ? std::optional(CUDNN_FMA_MATH) : std::nullopt;
    if (direction_ == Direction::forward) {
      cudnnConvolutionFwdAlgoPerf_t all[most_results];
      take(cudnnFindConvolutionForwardAlgorithmEx(handle_, x_is_, x_.get(), w_is_, w_.get(), conv_,
                                                  y_is_, y_.get(), most_results, &count, all,
                                                  workspace_, workspace_bytes),
           all, count, wanted);
    } else if (direction_ == Direction::backward_data) {
      cudnnConvolutionBwdDataAlgoPerf_t all[most_results];
      take(cudnnFindConvolutionBackwardDataAlgorithmEx(handle_, w_is_, w_.get(), y_is_, y_.get(),
                                                       conv_, x_is_, x_.get(), most_results, &count,
                                                       all, workspace_, workspace_bytes),
           all, count, wanted);
    } else {
      cudnnConvolutionBwdFilterAlgoPerf_t all[most_results];
      take(cudnnFindConvolutionBackwardFilterAlgorithmEx(handle_, x_is_, x_.get(), y_is_, y_.get(),
                                                         conv_, w_is_, w_.get(), most_results,
                                                         &count, all, workspace_, workspace_bytes),
           all, count, wanted);
    }
  }

  Direction direction_;
  Floats x_, w_, y_;
  Handle handle_;
  Tensor x_is_, y_is_;
  Filter w_is_;
  Convolution conv_;
  void* workspace_ = nullptr;
  bool found_ = false;
  int algorithm_ = 0;
  float milliseconds_ = 0;
};

/// The faster of both layouts.
class CudnnConvolution final : public DevicePeer {
 public:
  CudnnConvolution(const test::ConvCase& c, Direction direction, Precision precision) {
    ConvShape s = c.shape();
    if (!c.straight()) {  // the adjoint of the convolution from its output to its input
      s = {s.batch, c.out_height(), c.out_width(), s.out, s.in, s.kernel, s.stride};
      if (direction != Direction::backward_weights)
        direction = direction == Direction::forward ? Direction::backward_data : Direction::forward;
    }
    for (const cudnnTensorFormat_t layout : {CUDNN_TENSOR_NHWC, CUDNN_TENSOR_NCHW}) {
      auto found = std::make_unique<ConvolutionInLayout>(s, direction, precision, layout);
      if (!found->found() || (best_ && best_->milliseconds() <= found->milliseconds())) continue;
      best_ = std::move(found);
      layout_ = layout == CUDNN_TENSOR_NHWC ? "NHWC" : "NCHW";
    }
    if (!best_) throw Error("cuDNN has no algorithm for " + c.name());
  }
  void run() override { best_->run(); }
  std::string choice() const override {
    return "algorithm " + std::to_string(best_->algorithm()) + " " + layout_;
  }

 private:
  std::unique_ptr<ConvolutionInLayout> best_;
  std::string layout_;
};

/// Without the activation: cuDNN has LeakyReLU in none of its batch norms.
class CudnnBatchNorm final : public DevicePeer {
 public:
  CudnnBatchNorm(const BatchNormShape& s, std::size_t pass)
      : s_(s),
        pass_(pass),
        x_(s.rows * s.channels),
        y_(s.rows * s.channels),
        dx_(s.rows * s.channels),
        gamma_(s.channels),
        beta_(s.channels),
        moving_mean_(s.channels),
        moving_variance_(s.channels),
        mean_(s.channels),
        inv_std_(s.channels),
        dgamma_(s.channels),
        dbeta_(s.channels) {
    check(cudnnSetTensor4dDescriptor(x_is_, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT,
                                     static_cast<int>(s.rows), static_cast<int>(s.channels), 1, 1));
    check(cudnnDeriveBNTensorDescriptor(parameters_are_, x_is_, mode));
    training();  // the backward pass wants its statistics
    check(cudaMemset(moving_variance_.get(), 0,
                     sizeof(float) * static_cast<std::size_t>(s.channels)));
  }
  void run() override {
    if (pass_ == 0)
      inference();
    else if (pass_ == 1)
      training();
    else
      backward();
  }

 private:
  static constexpr auto mode = CUDNN_BATCHNORM_SPATIAL_PERSISTENT;
  static constexpr float one = 1, zero = 0;

  void inference() {
    check(cudnnBatchNormalizationForwardInference(handle_, CUDNN_BATCHNORM_SPATIAL, &one, &zero,
                                                  x_is_, x_.get(), x_is_, y_.get(), parameters_are_,
                                                  gamma_.get(), beta_.get(), moving_mean_.get(),
                                                  moving_variance_.get(), epsilon()));
  }
  void training() {
    check(cudnnBatchNormalizationForwardTraining(
        handle_, mode, &one, &zero, x_is_, x_.get(), x_is_, y_.get(), parameters_are_, gamma_.get(),
        beta_.get(), 1 - static_cast<double>(s_.momentum), moving_mean_.get(),
        moving_variance_.get(), epsilon(), mean_.get(), inv_std_.get()));
  }
  void backward() {
    check(cudnnBatchNormalizationBackward(handle_, mode, &one, &zero, &one, &zero, x_is_, x_.get(),
                                          x_is_, y_.get(), x_is_, dx_.get(), parameters_are_,
                                          gamma_.get(), dgamma_.get(), dbeta_.get(), epsilon(),
                                          mean_.get(), inv_std_.get()));
  }
  double epsilon() const { return std::max(static_cast<double>(s_.epsilon), CUDNN_BN_MIN_EPSILON); }

  BatchNormShape s_;
  std::size_t pass_;
  Handle handle_;
  Tensor x_is_, parameters_are_;
  Floats x_, y_, dx_, gamma_, beta_, moving_mean_, moving_variance_, mean_, inv_std_, dgamma_,
      dbeta_;
};

}  // namespace

std::vector<NamedPeer> cublas_cudnn_peers(const test::Case& op, std::size_t pass) {
  const auto direction = static_cast<Direction>(pass);
  std::vector<NamedPeer> peers;
  if (const auto* dense = dynamic_cast<const test::DenseCase*>(&op))
    for (const auto& [precision, name] :
         {std::pair{Precision::fp32, "cublas"}, std::pair{Precision::tf32, "cublas-tf32"}})
      peers.push_back({name, [s = dense->shape(), direction, p = precision] {
                         return std::make_unique<Gemm>(s, direction, p);
                       }});
  if (const auto* conv = dynamic_cast<const test::ConvCase*>(&op))
    for (const auto& [precision, name] :
         {std::pair{Precision::fp32, "cudnn"}, std::pair{Precision::tf32, "cudnn-tf32"}})
      peers.push_back({name, [c = *conv, direction, p = precision] {
                         return std::make_unique<CudnnConvolution>(c, direction, p);
                       }});
  if (const auto* norm = dynamic_cast<const test::BatchNormCase*>(&op))
    peers.push_back(
        {"cudnn", [s = norm->shape(), pass] { return std::make_unique<CudnnBatchNorm>(s, pass); }});
  return peers;
}

}  // namespace dcgan::bench
