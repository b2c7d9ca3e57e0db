#include "backend/cuda/graph.h"

#include <cstdlib>
#include <string_view>

#include "kernels/device/device.h"

namespace dcgan::DCGAN_TARGET {
namespace {

bool launches_block() {
  const char* blocking = std::getenv("CUDA_LAUNCH_BLOCKING");
  return blocking && std::string_view(blocking) == "1";
}

}  // namespace

StreamGraph::~StreamGraph() {
  if (!executable_) return;
  cudaStreamSynchronize(streams_.compute());  // of errors no destructor can tell
  cudaGraphExecDestroy(executable_);
}

void StreamGraph::drop() {
  if (!executable_) return;
  streams_.synchronise();  // it may be running
  DCGAN_CUDA_CHECK(cudaGraphExecDestroy(executable_));
  executable_ = nullptr;
}

/// What the runtime says about it.
cudaError_t StreamGraph::try_capture(const std::function<void()>& calls) {
  const cudaStream_t stream = streams_.compute();
  DCGAN_CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  cudaGraph_t graph = nullptr;
  try {
    calls();
  } catch (...) {
    cudaStreamEndCapture(stream, &graph);
    if (graph) cudaGraphDestroy(graph);
    throw;
  }
  cudaError_t status = cudaStreamEndCapture(stream, &graph);
  if (status == cudaSuccess) status = cudaGraphInstantiate(&executable_, graph, 0);
  if (graph) cudaGraphDestroy(graph);
  return status;
}

void StreamGraph::capture(const std::function<void()>& calls) {
  drop();
  cudaError_t status = try_capture(calls);
  if (status != cudaSuccess && launches_overlap) {  // a driver may refuse that in a graph
    cudaGetLastError();
    launches_overlap = false;
    status = try_capture(calls);
  }
  check(status, "capturing a training step", __FILE__, __LINE__);
  captured_moves_ = workspace_.moves();
}

void StreamGraph::run(const std::function<void()>& calls) {
  if (!planned_ || launches_block()) {
    calls();
    planned_ = true;
    return;
  }
  if (!executable_ || captured_moves_ != workspace_.moves()) capture(calls);
  DCGAN_CUDA_CHECK(cudaGraphLaunch(executable_, streams_.compute()));
}

}  // namespace dcgan::DCGAN_TARGET
