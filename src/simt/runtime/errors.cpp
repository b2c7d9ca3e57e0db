// The CUDA runtime's functions on errors, and their texts.
#include <string>

#include "simt/machine_state.h"
#include "simt/runtime/call.h"

namespace simt {

const char* cudaGetErrorString(cudaError_t status) {
  static thread_local std::string text;
  Machine& m = machine();
  switch (status) {
    case cudaSuccess:
      text = "no error";
      break;
    case cudaErrorInvalidValue:
      text = "invalid argument";
      break;
    case cudaErrorMemoryAllocation:
      text = "out of memory";
      break;
    case cudaErrorInvalidConfiguration:
      text = "invalid configuration argument";
      break;
    case cudaErrorInsufficientDriver:
      text = "insufficient driver";
      break;
    case cudaErrorNoKernelImageForDevice:
      text = "no kernel image is available for execution on the device";
      break;
    case cudaErrorInvalidDeviceFunction:
    case cudaErrorUnsupportedPtxVersion:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorHardwareStackError:
      text = "an error of GPUs, which the SIMT machine does not have";
      break;
    case cudaErrorInvalidDevice:
      text = "invalid device ordinal";
      break;
    case cudaErrorInvalidResourceHandle:
      text = "invalid resource handle";
      break;
    case cudaErrorNotReady:
      text = "device not ready";
      break;
    case cudaErrorLaunchFailure:
      return (text = m.failure).c_str();
    case cudaErrorStreamCaptureUnsupported:
      text = "operation not permitted when stream is capturing";
      break;
    case cudaErrorStreamCaptureInvalidated:
      text = "a previous call broke the capture";
      break;
    case cudaErrorStreamCaptureUnjoined:
      text = "capture ended with a stream that was not joined to its origin";
      break;
    case cudaErrorCapturedEvent:
      text = "operation not permitted on a captured event";
      break;
    case cudaErrorStreamCaptureImplicit:
      text = "the default stream was used while a stream that it waits for was captured";
      break;
  }
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
