#include "bench/cuda_replay.h"

#include <exception>
#include <string>

#include "dcgan/error.h"

namespace dcgan::bench {
namespace {

void check(cudaError_t status) {
  if (status != cudaSuccess) throw Error(std::string("CUDA: ") + cudaGetErrorString(status));
}

cudaEvent_t new_event() {
  cudaEvent_t event = nullptr;
  check(cudaEventCreate(&event));
  return event;
}

}  // namespace

CudaReplay::CudaReplay(cudaStream_t stream, std::int64_t repeats, const std::function<void()>& run)
    : stream_(stream), start_(new_event()), end_(new_event()) {
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  std::exception_ptr failure;
  try {
    for (std::int64_t i = 0; i < repeats; ++i) run();
  } catch (...) {
    failure = std::current_exception();
  }
  // After a failure too: the stream must leave capture.
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t replay = nullptr;
  std::size_t nodes = 0;
  cudaError_t status = cudaStreamEndCapture(stream, &graph);
  if (status == cudaSuccess) status = cudaGraphGetNodes(graph, nullptr, &nodes);
  if (status == cudaSuccess) status = cudaGraphInstantiateWithFlags(&replay, graph, 0);
  replay_.reset(replay);
  if (graph != nullptr) cudaGraphDestroy(graph);
  cudaGetLastError();  // what failed is reported here
  if (failure) std::rethrow_exception(failure);
  check(status);
  if (nodes == 0) throw Error("CUDA: the stream captured no work");
}

double CudaReplay::seconds() {
  check(cudaEventRecord(start_.get(), stream_));
  check(cudaGraphLaunch(replay_.get(), stream_));
  check(cudaEventRecord(end_.get(), stream_));
  check(cudaEventSynchronize(end_.get()));
  float milliseconds = 0;
  check(cudaEventElapsedTime(&milliseconds, start_.get(), end_.get()));
  return static_cast<double>(milliseconds) * 1e-3;
}

}  // namespace dcgan::bench
