// Calls that are made again and again, as a CUDA graph of the compute stream.
#pragma once
#include "backend/backend.h"
#include "backend/cuda/device_memory.h"

namespace dcgan::DCGAN_TARGET {

/// The first time the calls are made as they are, since they plan what they need; the second time
/// the stream is captured, and from then on the graph is launched. It is captured anew where the
/// workspace has moved. With CUDA_LAUNCH_BLOCKING=1 there is no graph, so that an error shows at
/// the call that made it.
class StreamGraph final : public RepeatedCalls {
 public:
  StreamGraph(Streams& streams, const Workspace& workspace)
      : streams_(streams), workspace_(workspace) {}
  ~StreamGraph() override;
  StreamGraph(const StreamGraph&) = delete;
  StreamGraph& operator=(const StreamGraph&) = delete;

  void run(const std::function<void()>& calls) override;

 private:
  cudaError_t try_capture(const std::function<void()>& calls);
  void capture(const std::function<void()>& calls);
  void drop();

  Streams& streams_;
  const Workspace& workspace_;
  int captured_moves_ = 0;
  bool planned_ = false;
  cudaGraphExec_t executable_ = nullptr;
};

}  // namespace dcgan::DCGAN_TARGET
