// The CUDA runtime's functions on devices.
#include <cstring>

#include "simt/machine_state.h"
#include "simt/runtime/call.h"

namespace simt {

cudaError_t cudaDriverGetVersion(int* version) { return *version = 13000, cudaSuccess; }
cudaError_t cudaRuntimeGetVersion(int* version) { return *version = 13000, cudaSuccess; }
cudaError_t cudaGetDeviceCount(int* count) {
  return *count = machine().settings.devices, cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  const int devices = machine().settings.devices;
  if (device < 0 || device >= devices)
    return result(cudaErrorInvalidDevice,
                  std::to_string(device) + ", of " + std::to_string(devices) + " devices");
  current_device() = device;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) { return *device = current_device(), cudaSuccess; }

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int device) {
  if (device < 0 || device >= machine().settings.devices) return result(cudaErrorInvalidDevice);
  const DeviceLimits& d = limits(machine().settings.capability);
  *p = {};
  std::strcpy(p->name, "SIMT machine");
  p->totalGlobalMem = device_bytes;
  p->sharedMemPerBlock = shared_default_bytes;
  p->sharedMemPerBlockOptin = d.shared_optin_bytes;
  p->major = d.capability / 10, p->minor = d.capability % 10;
  p->multiProcessorCount = d.processors;
  p->maxThreadsPerBlock = most_threads, p->warpSize = warp_size;
  p->maxThreadsDim[0] = p->maxThreadsDim[1] = 1024, p->maxThreadsDim[2] = 64;
  p->maxGridSize[0] = 0x7FFFFFFF, p->maxGridSize[1] = p->maxGridSize[2] = 65535;
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  return guarded([](Machine& m) {
    require_no_capture(m);
    m.queue.finish_device(current_device());
  });
}

cudaError_t synchronise_all() {
  return guarded([](Machine& m) {
    require_no_capture(m);
    m.queue.finish_all();
  });
}

}  // namespace simt
