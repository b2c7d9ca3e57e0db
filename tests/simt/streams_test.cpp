// Streams, events, copies and graphs: what the host may rely on, and that relying on more shows.
#include <set>

#include "simt/machine_test.h"

namespace simt_test {
namespace {

class Streams : public MachineTest {
 protected:
  Streams() {
    cudaStreamCreateWithFlags(&a_, cudaStreamNonBlocking);
    cudaStreamCreateWithFlags(&b_, cudaStreamNonBlocking);
    cudaEventCreateWithFlags(&event_, cudaEventDisableTiming);
  }
  ~Streams() override {
    cudaStreamDestroy(a_);
    cudaStreamDestroy(b_);
    cudaEventDestroy(event_);
  }
  cudaStream_t a_ = nullptr, b_ = nullptr;
  cudaEvent_t event_ = nullptr;
};

__global__ void append(int* log, int what) {
  const int n = log[0]++;
  log[1 + n] = what;
}

void queue_append(cudaStream_t stream, int* log, int what) {
  queue_kernel("append", append, 1, 1, 0, stream, log, what);
}

/// The orders in which 1 and 2, queued by `work`, were seen to run.
template <class Work>
std::set<std::vector<int>> orders_seen(int* log, const Work& work) {
  std::set<std::vector<int>> seen;
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    for (const Order order : {Order::forward, Order::reverse, Order::random}) {
      set_settings({order, seed, 1, 80});
      cudaMemset(log, 0, 12);
      cudaDeviceSynchronize();
      work();
      cudaDeviceSynchronize();
      std::vector<int> result(3);
      cudaMemcpy(result.data(), log, 12, cudaMemcpyDeviceToHost);
      EXPECT_EQ(result[0], 2);
      seen.insert({result[1], result[2]});
    }
  return seen;
}

TEST_F(Streams, OneStreamKeepsItsOrder) {
  int* log = allocate<int>(3);
  const auto seen = orders_seen(log, [&] { queue_append(a_, log, 1), queue_append(a_, log, 2); });
  EXPECT_EQ(seen, (std::set<std::vector<int>>{{1, 2}}));
}

TEST_F(Streams, TwoStreamsRunInAnyOrder) {
  int* log = allocate<int>(3);
  const auto seen = orders_seen(log, [&] { queue_append(a_, log, 1), queue_append(b_, log, 2); });
  EXPECT_EQ(seen, (std::set<std::vector<int>>{{1, 2}, {2, 1}}));
}

TEST_F(Streams, AnEventOrdersTwoStreams) {
  int* log = allocate<int>(3);
  const auto seen = orders_seen(log, [&] {
    queue_append(a_, log, 1);
    cudaEventRecord(event_, a_);
    cudaStreamWaitEvent(b_, event_, 0);
    queue_append(b_, log, 2);
  });
  EXPECT_EQ(seen, (std::set<std::vector<int>>{{1, 2}}));
}

TEST_F(Streams, EventsMeasureTheWorkBetweenThem) {
  int* log = to_device(std::vector<int>(8));
  int runs = 0;
  on_launch([&](const LaunchRecord&) { ++runs; });
  set_event_clock([&] { return runs; });
  cudaEvent_t begin = nullptr, end = nullptr;
  cudaEventCreate(&begin), cudaEventCreate(&end);
  for (const Order order : {Order::forward, Order::reverse, Order::random}) {
    set_settings({order, 5, 1, 80});
    queue_append(a_, log, 1);
    cudaEventRecord(begin, a_);
    queue_append(a_, log, 2), queue_append(a_, log, 3);
    cudaEventRecord(end, a_);
    queue_append(a_, log, 4);
    cudaStreamSynchronize(a_);
    float between = 0;
    EXPECT_EQ(cudaEventElapsedTime(&between, begin, end), cudaSuccess);
    EXPECT_EQ(between, 2);
    cudaMemset(log, 0, 4);
  }
  cudaEventDestroy(begin), cudaEventDestroy(end);
  on_launch({}), set_event_clock({});
}

TEST_F(Streams, ElapsedTimeNeedsTwoTimedEventsThatAreDone) {
  cudaEvent_t begin = nullptr, end = nullptr;
  cudaEventCreate(&begin), cudaEventCreate(&end);
  float ms = 0;
  EXPECT_EQ(cudaEventElapsedTime(&ms, begin, end), cudaErrorInvalidResourceHandle);
  cudaEventRecord(begin, a_);
  cudaEventSynchronize(begin);
  EXPECT_EQ(cudaEventElapsedTime(&ms, begin, end), cudaErrorInvalidResourceHandle);
  cudaEventRecord(end, a_);
  EXPECT_EQ(cudaEventElapsedTime(&ms, begin, end), cudaErrorNotReady);
  cudaEventSynchronize(end);
  EXPECT_EQ(cudaEventElapsedTime(&ms, begin, end), cudaSuccess);
  cudaEventRecord(event_, a_);  // made without timing
  cudaEventSynchronize(event_);
  EXPECT_EQ(cudaEventElapsedTime(&ms, begin, event_), cudaErrorInvalidResourceHandle);
  cudaGraph_t graph = nullptr;
  cudaStreamBeginCapture(a_, cudaStreamCaptureModeGlobal);
  cudaEventRecord(end, a_);
  EXPECT_EQ(cudaEventElapsedTime(&ms, begin, end), cudaErrorCapturedEvent);
  cudaStreamEndCapture(a_, &graph);
  cudaGraphDestroy(graph);
  cudaEventDestroy(begin), cudaEventDestroy(end);
  cudaGetLastError();
}

TEST_F(Streams, BlockingLaunchesRunImmediatelyAndReportTheirOwnErrors) {
  int* log = to_device(std::vector<int>(3));
  int runs = 0;
  on_launch([&](const LaunchRecord&) { ++runs; });
  queue_append(a_, log, 1);
  EXPECT_EQ(runs, 0);
  Settings blocking = settings();
  blocking.blocking = true;
  set_settings(blocking);
  queue_append(a_, log, 2);
  EXPECT_EQ(runs, 2);
  on_launch({});
  void (*const wrong)() = [] { __ballot_sync(1U << 5, 1); };
  EXPECT_EQ(queue_kernel("wrong", wrong, 1, 32, 0, a_), cudaErrorLaunchFailure);
}

TEST_F(Streams, TheDefaultStreamWaitsForBlockingStreamsAndTheyForIt) {
  int* log = allocate<int>(3);
  cudaStream_t blocking = nullptr;
  cudaStreamCreate(&blocking);
  const auto seen = [&](cudaStream_t first, cudaStream_t second) {
    return orders_seen(log, [&] { queue_append(first, log, 1), queue_append(second, log, 2); });
  };
  const std::set<std::vector<int>> in_order{{1, 2}}, any{{1, 2}, {2, 1}};
  EXPECT_EQ(seen(blocking, nullptr), in_order);
  EXPECT_EQ(seen(nullptr, blocking), in_order);
  EXPECT_EQ(seen(a_, nullptr), any);
  EXPECT_EQ(seen(nullptr, a_), any);
  EXPECT_EQ(seen(blocking, a_), any);
  cudaStreamDestroy(blocking);
}

TEST_F(Streams, AHostThatDoesNotWaitReadsPoison) {
  int* device = to_device(std::vector<int>{5});
  int* host = nullptr;
  cudaMallocHost(&host, sizeof(int));
  cudaMemcpyAsync(host, device, sizeof(int), cudaMemcpyDeviceToHost, a_);
  EXPECT_EQ(static_cast<unsigned>(*host), 0xFFFFDEAD);
  cudaStreamSynchronize(b_);  // another stream
  EXPECT_EQ(cudaStreamQuery(a_), cudaErrorNotReady);
  cudaEventRecord(event_, a_);
  EXPECT_EQ(cudaEventSynchronize(event_), cudaSuccess);
  EXPECT_EQ(*host, 5);
  cudaFreeHost(host);
}

TEST_F(Streams, PinnedMemoryIsReadByTheCopyPageableByTheCall) {
  int* device = allocate<int>(1);
  int* pinned = nullptr;
  cudaMallocHost(&pinned, sizeof(int));
  int pageable = *pinned = 1;
  cudaMemcpyAsync(device, pinned, sizeof(int), cudaMemcpyHostToDevice, a_);
  *pinned = 2;  // too early
  cudaStreamSynchronize(a_);
  EXPECT_EQ(to_host(device, 1)[0], 2);
  cudaMemcpyAsync(device, &pageable, sizeof(int), cudaMemcpyHostToDevice, a_);
  pageable = 2;
  cudaStreamSynchronize(a_);
  EXPECT_EQ(to_host(device, 1)[0], 1);
  cudaFreeHost(pinned);
}

TEST_F(Streams, CopiesThatLeaveAnAllocationAreRefused) {
  int* device = allocate<int>(4);
  int host[8] = {};
  EXPECT_EQ(cudaMemcpy(device, host, 17, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(host, device + 1, 16, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(host, device, 16, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemset(device, 0, 17), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(device + 1), cudaErrorInvalidValue);
}

TEST_F(Streams, FreeMemoryShrinksByWhatIsAllocated) {
  std::size_t before = 0, after = 0, total = 0;
  cudaMemGetInfo(&before, &total);
  char* memory = nullptr;
  EXPECT_EQ(cudaMalloc(&memory, total + 1), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaMalloc(&memory, 1 << 20), cudaSuccess);
  cudaMemGetInfo(&after, &total);
  EXPECT_GE(before - after, std::size_t{1} << 20);
  cudaFree(memory);
  cudaMemGetInfo(&after, &total);
  EXPECT_EQ(before, after);
}

TEST_F(Streams, GraphsReplayWhatWasCaptured) {
  int* log = allocate<int>(8);
  cudaMemset(log, 0, 32);
  cudaDeviceSynchronize();
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  ASSERT_EQ(cudaStreamBeginCapture(a_, cudaStreamCaptureModeGlobal), cudaSuccess);
  queue_append(a_, log, 1);
  cudaEventRecord(event_, a_);
  cudaStreamWaitEvent(b_, event_, 0);  // b joins
  queue_append(b_, log, 2);
  cudaEventRecord(event_, b_);
  cudaStreamWaitEvent(a_, event_, 0);
  queue_append(a_, log, 3);
  ASSERT_EQ(cudaStreamEndCapture(a_, &graph), cudaSuccess);
  cudaDeviceSynchronize();
  EXPECT_EQ(to_host(log, 1)[0], 0) << "capturing runs nothing";
  ASSERT_EQ(cudaGraphInstantiate(&exec, graph), cudaSuccess);
  cudaGraphDestroy(graph);
  for (const Order order : {Order::forward, Order::random}) {
    set_settings({order, 4, 1, 80});
    cudaMemset(log, 0, 32);
    cudaDeviceSynchronize();
    cudaGraphLaunch(exec, a_);
    cudaGraphLaunch(exec, a_);
    cudaStreamSynchronize(a_);
    EXPECT_EQ(to_host(log, 7), (std::vector<int>{6, 1, 2, 3, 1, 2, 3}));
  }
  cudaGraphExecDestroy(exec);
}

TEST_F(Streams, CapturesRefuseWhatCudaRefuses) {
  int* log = to_device(std::vector<int>(3));
  cudaGraph_t graph = nullptr;
  const auto breaks = [&](const auto& call) {
    cudaStreamBeginCapture(a_, cudaStreamCaptureModeGlobal);
    queue_append(a_, log, 1);
    EXPECT_EQ(call(), cudaErrorStreamCaptureUnsupported);
    EXPECT_EQ(cudaStreamEndCapture(a_, &graph), cudaErrorStreamCaptureInvalidated);
  };
  breaks([&] { return cudaStreamSynchronize(a_); });
  breaks([&] { return cudaDeviceSynchronize(); });
  breaks([&] {
    int* memory = nullptr;
    return cudaMalloc(&memory, 4);
  });

  cudaStreamBeginCapture(a_, cudaStreamCaptureModeGlobal);
  cudaEventRecord(event_, a_);
  EXPECT_EQ(cudaEventSynchronize(event_), cudaErrorCapturedEvent);
  cudaStreamWaitEvent(b_, event_, 0);
  queue_append(b_, log, 2);  // and b never rejoins
  EXPECT_EQ(cudaStreamEndCapture(a_, &graph), cudaErrorStreamCaptureUnjoined);
  EXPECT_EQ(cudaStreamEndCapture(a_, &graph), cudaErrorInvalidValue);
  queue_append(b_, log, 2);
  EXPECT_EQ(cudaStreamSynchronize(b_), cudaSuccess);

  cudaStream_t blocking = nullptr;
  cudaStreamCreate(&blocking);
  cudaStreamBeginCapture(blocking, cudaStreamCaptureModeGlobal);
  queue_append(blocking, log, 1);
  EXPECT_EQ(cudaMemsetAsync(log, 0, 4, nullptr), cudaErrorStreamCaptureImplicit);
  EXPECT_EQ(cudaStreamEndCapture(blocking, &graph), cudaErrorStreamCaptureInvalidated);
  cudaStreamDestroy(blocking);
}

}  // namespace
}  // namespace simt_test
