// What the peers of NVIDIA's libraries share: handles, one stream, one workspace, and the choice of
// the fastest among the ways a library offers.
#pragma once
#include <cublasLt.h>
#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cudnn.h>

#include <string>
#include <utility>
#include <vector>

#include "bench/peers/peer.h"
#include "dcgan/error.h"

namespace dcgan::bench {

/// fp32 is what the kernels compute with; tf32 lets tensor cores round the operands to 10 bits.
enum class Precision { fp32, tf32 };

inline void check(cudaError_t status) {
  if (status != cudaSuccess) throw Error(std::string("CUDA: ") + cudaGetErrorString(status));
}
inline void check(cublasStatus_t status) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw Error(std::string("cuBLAS: ") + cublasGetStatusString(status));
}
inline void check(cudnnStatus_t status) {
  if (status != CUDNN_STATUS_SUCCESS)
    throw Error(std::string("cuDNN: ") + cudnnGetErrorString(status));
}

/// Owns one of the libraries' objects.
template <class T, auto create, auto destroy>
class Owned {
 public:
  template <class... Arguments>
  explicit Owned(Arguments... arguments) {
    check(create(&value_, arguments...));
  }
  ~Owned() { destroy(value_); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  operator T() const { return value_; }

 private:
  T value_ = nullptr;
};

using Tensor =
    Owned<cudnnTensorDescriptor_t, cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor>;
constexpr std::pair<cudnnTensorFormat_t, const char*> layouts[] = {{CUDNN_TENSOR_NHWC, ", NHWC"},
                                                                   {CUDNN_TENSOR_NCHW, ", NCHW"}};
constexpr float one = 1, zero = 0;  // what products are scaled by

inline int narrow(std::int64_t n) { return static_cast<int>(n); }
inline cudaError_t make_stream(cudaStream_t* stream) {
  return cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking);
}
inline cudaError_t allocate(void** memory, std::size_t bytes) { return cudaMalloc(memory, bytes); }

/// Device memory of n floats drawn from N(0, 1): zeros would let the clocks rise.
class Floats {
 public:
  explicit Floats(std::int64_t n);
  float* get() const { return static_cast<float*>(static_cast<void*>(memory_)); }
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_;
  Owned<void*, allocate, cudaFree> memory_;
};

struct CudaContext {
  CudaContext();
  static constexpr std::size_t workspace_bytes = std::size_t{1} << 30;

  Owned<cudaStream_t, make_stream, cudaStreamDestroy> stream;
  Owned<void*, allocate, cudaFree> workspace{workspace_bytes};
  Owned<cublasHandle_t, cublasCreate, cublasDestroy> cublas;
  Owned<cublasLtHandle_t, cublasLtCreate, cublasLtDestroy> cublas_lt;
  Owned<cudnnHandle_t, cudnnCreate, cudnnDestroy> cudnn;
};

/// One of the ways to do an op. plan() prepares it and returns the function that queues it on the
/// context's stream; either throws where the library refuses.
struct Way {
  using Run = std::function<void()>;
  std::string name;
  std::function<Run()> plan;
};
/// One that needs no plan.
inline Way planned(std::string name, Way::Run run) {
  return {std::move(name), [run = std::move(run)] { return run; }};
}

/// The fastest of `ways` by graph replays; those that throw are passed over. Throws Error with the
/// last one's reason where none is left.
std::unique_ptr<Peer> fastest(const CudaContext& context, const std::vector<Way>& ways);

std::vector<Way> cublas_ways(const CudaContext& context, const DensePass& pass,
                             Precision precision);
std::vector<Way> cudnn_ways(const CudaContext& context, const ConvolutionPass& pass,
                            Precision precision);
std::vector<Way> cudnn_ways(const CudaContext& context, const BatchNormPass& pass);

}  // namespace dcgan::bench
