// The CUDA runtime's functions on errors, and their texts.
#include <string>
#include <utility>

#include "simt/machine_state.h"
#include "simt/runtime/call.h"

namespace simt {
namespace {

constexpr const char* of_gpus = "an error of GPUs, which the SIMT machine does not have";

constexpr std::pair<cudaError_t, const char*> texts[] = {
    {cudaSuccess, "no error"},
    {cudaErrorInvalidValue, "invalid argument"},
    {cudaErrorMemoryAllocation, "out of memory"},
    {cudaErrorInvalidConfiguration, "invalid configuration argument"},
    {cudaErrorInsufficientDriver, "insufficient driver"},
    {cudaErrorInvalidDeviceFunction, of_gpus},
    {cudaErrorInvalidDevice, "invalid device ordinal"},
    {cudaErrorNoKernelImageForDevice, "no kernel image is available for execution on the device"},
    {cudaErrorUnsupportedPtxVersion, of_gpus},
    {cudaErrorInvalidResourceHandle, "invalid resource handle"},
    {cudaErrorNotReady, "device not ready"},
    {cudaErrorIllegalAddress, of_gpus},
    {cudaErrorLaunchTimeout, of_gpus},
    {cudaErrorHardwareStackError, of_gpus},
    {cudaErrorStreamCaptureUnsupported, "operation not permitted when stream is capturing"},
    {cudaErrorStreamCaptureInvalidated, "a previous call broke the capture"},
    {cudaErrorStreamCaptureUnjoined,
     "capture ended with a stream that was not joined to its origin"},
    {cudaErrorStreamCaptureImplicit,
     "the default stream was used while a stream that it waits for was captured"},
    {cudaErrorCapturedEvent, "operation not permitted on a captured event"},
};

}  // namespace

const char* cudaGetErrorString(cudaError_t status) {
  static thread_local std::string text;
  const Machine& m = machine();
  if (status == cudaErrorLaunchFailure) return (text = m.failure).c_str();
  for (const auto& [known, words] : texts)
    if (known == status) text = words;
  if (status == last_error() && !m.detail.empty()) text += ": " + m.detail;
  return text.c_str();
}

cudaError_t cudaGetLastError() {
  const cudaError_t status = cudaPeekAtLastError();
  last_error() = cudaSuccess;
  return status;
}

cudaError_t cudaPeekAtLastError() {
  return machine().failure.empty() ? last_error() : cudaErrorLaunchFailure;
}

}  // namespace simt
