// The current device's arithmetic and memory, from what the driver says of it.
#include <cuda_runtime_api.h>

#include <string>

#include "bench/device_limit.h"
#include "dcgan/error.h"

namespace dcgan::bench {
namespace {

double attribute(cudaDeviceAttr what, int device) {
  int value = 0;
  const cudaError_t status = cudaDeviceGetAttribute(&value, what, device);
  if (status != cudaSuccess)
    throw Error(std::string("the device does not say what it can do: ") +
                cudaGetErrorString(status));
  return value;
}

/// fp32 lanes of a multiprocessor: CUDA C++ Programming Guide, "Arithmetic Instructions".
double lanes(int capability) { return capability == 75 || capability == 80 ? 64 : 128; }

}  // namespace

DeviceLimit cuda_limit() {
  int device = 0;
  cudaGetDevice(&device);
  const int capability =
      static_cast<int>(10 * attribute(cudaDevAttrComputeCapabilityMajor, device) +
                       attribute(cudaDevAttrComputeCapabilityMinor, device));
  constexpr double khz = 1e3;
  DeviceLimit limit;
  limit.flops_per_s = 2 * lanes(capability) * attribute(cudaDevAttrMultiProcessorCount, device) *
                      attribute(cudaDevAttrClockRate, device) * khz;
  // Two transfers per clock, bus width in bits. What the L2 holds may come faster.
  limit.memory = {{0, 2 * attribute(cudaDevAttrMemoryClockRate, device) * khz *
                          attribute(cudaDevAttrGlobalMemoryBusWidth, device) / 8}};
  limit.source = "from its clocks";
  return limit;
}

}  // namespace dcgan::bench
