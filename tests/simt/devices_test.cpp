// Several devices: what belongs to one, and that each host thread has its own current one.
#include <thread>

#include "simt/machine_test.h"

namespace simt_test {
namespace {

class Devices : public MachineTest {
 protected:
  Devices() {
    Settings two = settings();
    two.devices = 2;
    set_settings(two);
    for (const int device : {1, 0}) {
      cudaSetDevice(device);
      cudaStreamCreateWithFlags(&stream_[device], cudaStreamNonBlocking);
      cudaEventCreate(&event_[device]);
    }
  }
  ~Devices() override {
    for (const int device : {0, 1}) {
      cudaStreamDestroy(stream_[device]);
      cudaEventDestroy(event_[device]);
    }
  }
  cudaStream_t stream_[2] = {};
  cudaEvent_t event_[2] = {};
};

__global__ void add_one(int* value) { ++*value; }

cudaError_t launch_on(cudaStream_t stream, int* value) {
  return queue_kernel("add_one", add_one, 1, 1, 0, stream, value);
}

TEST_F(Devices, AreCountedFromZero) {
  int count = 0;
  cudaGetDeviceCount(&count);
  EXPECT_EQ(count, 2);
  for (const int missing : {-1, 2}) {
    cudaDeviceProp properties{};
    EXPECT_EQ(cudaSetDevice(missing), cudaErrorInvalidDevice);
    EXPECT_EQ(cudaGetDeviceProperties(&properties, missing), cudaErrorInvalidDevice);
  }
  int current = -1;
  cudaGetDevice(&current);
  EXPECT_EQ(current, 0);
}

TEST_F(Devices, EachThreadHasItsOwnCurrentOne) {
  cudaSetDevice(1);
  int elsewhere = -1;
  cudaError_t error = cudaSuccess, error_elsewhere = cudaSuccess;
  std::thread([&] {
    cudaGetDevice(&elsewhere);
    cudaSetDevice(7);
    error_elsewhere = cudaGetLastError();
  }).join();
  error = cudaGetLastError();
  int here = -1;
  cudaGetDevice(&here);
  EXPECT_EQ(elsewhere, 0);
  EXPECT_EQ(here, 1);
  EXPECT_EQ(error_elsewhere, cudaErrorInvalidDevice);
  EXPECT_EQ(error, cudaSuccess) << "the last error is a thread's own";
}

// CUDA C++ Programming Guide, "Stream and Event Behavior" of systems with several devices.
TEST_F(Devices, AcceptLaunchesOnlyOnTheirOwnStreams) {
  int* value = to_device(std::vector<int>{0});
  EXPECT_EQ(launch_on(stream_[0], value), cudaSuccess);
  EXPECT_EQ(launch_on(stream_[1], value), cudaErrorInvalidResourceHandle);
  EXPECT_NE(std::string(cudaGetErrorString(cudaErrorInvalidResourceHandle)).find("device 1's"),
            std::string::npos);
  EXPECT_EQ(cudaEventRecord(event_[0], stream_[1]), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventRecord(event_[1], stream_[1]), cudaSuccess);
  EXPECT_EQ(cudaEventRecord(event_[0], stream_[0]), cudaSuccess);
  EXPECT_EQ(cudaStreamWaitEvent(stream_[0], event_[1]), cudaSuccess);
  EXPECT_EQ(cudaEventSynchronize(event_[1]), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream_[1]), cudaSuccess);
  float ms = 0;
  EXPECT_EQ(cudaEventElapsedTime(&ms, event_[0], event_[1]), cudaErrorInvalidResourceHandle);
}

TEST_F(Devices, HaveMemoryOfTheirOwn) {
  std::size_t before[2], after[2], total = 0;
  const auto count = [&](std::size_t* free) {
    for (const int device : {0, 1}) {
      cudaSetDevice(device);
      cudaMemGetInfo(&free[device], &total);
    }
  };
  count(before);
  char* memory = allocate<char>(1 << 20);  // of device 1
  count(after);
  EXPECT_EQ(before[0], after[0]);
  EXPECT_GE(before[1] - after[1], std::size_t{1} << 20);
  cudaSetDevice(0);
  EXPECT_EQ(cudaMemsetAsync(memory, 0, 16, stream_[0]), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemsetAsync(memory, 0, 16, stream_[1]), cudaErrorInvalidResourceHandle);
  int value = 5;
  EXPECT_EQ(cudaMemcpyAsync(memory, &value, sizeof value, cudaMemcpyHostToDevice, stream_[1]),
            cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream_[1]), cudaSuccess);
}

TEST_F(Devices, AreWaitedForOneByOne) {
  // Forward runs the oldest work first and reverse the youngest: device 0's.
  for (const Order order : {Order::forward, Order::reverse}) {
    set_settings({order, 1, 1, 80, 2});
    int* value[2] = {};
    for (const int device : {order == Order::forward ? 0 : 1, order == Order::forward ? 1 : 0}) {
      cudaSetDevice(device);
      value[device] = to_device(std::vector<int>{0});
      launch_on(stream_[device], value[device]);
      launch_on(nullptr, value[device]);
    }
    cudaSetDevice(0);
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    EXPECT_EQ(cudaStreamQuery(stream_[0]), cudaSuccess);
    EXPECT_EQ(cudaStreamQuery(stream_[1]), cudaErrorNotReady);
    cudaSetDevice(1);
    EXPECT_EQ(cudaStreamQuery(nullptr), cudaErrorNotReady) << "each has a default stream";
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    EXPECT_EQ(cudaStreamQuery(stream_[1]), cudaSuccess);
    EXPECT_EQ(to_host(value[1], 1)[0], 2);
    cudaSetDevice(0);
    EXPECT_EQ(to_host(value[0], 1)[0], 2);
  }
}

TEST_F(Devices, TooOldForTheCodeRefuseKernels) {
  cudaFuncAttributes attributes{};
  int* value = to_device(std::vector<int>{0});
  EXPECT_EQ(cudaFuncGetAttributes(&attributes, add_one), cudaSuccess);
  EXPECT_EQ(attributes.maxThreadsPerBlock, 1024);
  EXPECT_EQ(attributes.maxDynamicSharedSizeBytes, 49152);
  set_settings({Order::forward, 1, 1, 61});
  EXPECT_EQ(cudaFuncGetAttributes(&attributes, add_one), cudaErrorNoKernelImageForDevice);
  EXPECT_EQ(launch_on(nullptr, value), cudaErrorNoKernelImageForDevice);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess) << "the device still answers otherwise";
}

}  // namespace
}  // namespace simt_test
