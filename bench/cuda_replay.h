// Many runs of an op captured as one CUDA graph: a replay runs at the device's own pace, where
// launches one by one would time the host.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>

namespace dcgan::bench {

class CudaReplay {
 public:
  /// Captures `repeats` calls of `run`, whose work is all queued on `stream`. Throws Error where it
  /// cannot be captured.
  CudaReplay(cudaStream_t stream, std::int64_t repeats, const std::function<void()>& run);
  /// Replays once and waits. Returns the time of all repeats together, by events on the stream.
  double seconds();

 private:
  struct Destroy {
    void operator()(cudaGraphExec_t graph) const { cudaGraphExecDestroy(graph); }
    void operator()(cudaEvent_t event) const { cudaEventDestroy(event); }
  };
  template <class Handle>
  using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Destroy>;

  cudaStream_t stream_;
  Owned<cudaGraphExec_t> replay_;
  Owned<cudaEvent_t> start_, end_;
};

}  // namespace dcgan::bench
