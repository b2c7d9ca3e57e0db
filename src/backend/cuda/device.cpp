#include "backend/cuda/device.h"

#include <cctype>
#include <cstdlib>
#include <sstream>

#include "dcgan/error.h"
#include "kernels/device/device.h"

namespace dcgan::DCGAN_TARGET {
namespace {

/// A build has code for a device if it has this kernel's code for it.
__global__ void probe() {}

/// "9.0" for "90", "10.0a" for "100a"; anything but a number ("all-major") stays as it is.
std::string capability_text(const std::string& architecture) {
  std::size_t digits = 0;
  while (digits < architecture.size() &&
         std::isdigit(static_cast<unsigned char>(architecture[digits])))
    ++digits;
  if (digits < 2) return architecture;
  return architecture.substr(0, digits - 1) + "." + architecture.substr(digits - 1);
}

/// Why the build's kernels cannot run on the device; empty: they can.
std::string why_no_code(int device) {
  cudaFuncAttributes attributes{};
  cudaError_t status = cudaSetDevice(device);
  if (status == cudaSuccess) status = cudaFuncGetAttributes(&attributes, probe);
  cudaGetLastError();  // only this request failed
  if (status == cudaSuccess) return "";
  if (status != cudaErrorNoKernelImageForDevice && status != cudaErrorInvalidDeviceFunction &&
      status != cudaErrorUnsupportedPtxVersion)
    return "device " + std::to_string(device) + ": " + cudaGetErrorString(status);
  cudaDeviceProp p{};
  DCGAN_CUDA_CHECK(cudaGetDeviceProperties(&p, device));
  const std::string capability = std::to_string(p.major) + std::to_string(p.minor);
  return "this build has " + describe_code(DCGAN_CODE) + ", the device '" + p.name + "' has " +
         capability_text(capability) + "; build with -DDCGAN_CUDA_ARCHITECTURES=" + capability;
}

}  // namespace

cudaDeviceProp use_device(int device) {
  int count = 0;
  DCGAN_CUDA_CHECK(cudaGetDeviceCount(&count));
  if (device < 0 || device >= count)
    throw Error("there is no device " + std::to_string(device) +
                " (DCGAN_DEVICE): " + std::to_string(count) +
                (count == 1 ? " device found" : " devices found") + ", numbered from 0");
  DCGAN_CUDA_CHECK(cudaSetDevice(device));
  cudaDeviceProp properties{};
  DCGAN_CUDA_CHECK(cudaGetDeviceProperties(&properties, device));
  return properties;
}

bool can_overlap_launches(const cudaDeviceProp& properties) {
  const char* wanted = std::getenv("DCGAN_OVERLAP");
  if (wanted && std::string_view(wanted) == "0") return false;
#if defined(__CUDACC__)
  int driver = 0;
  DCGAN_CUDA_CHECK(cudaDriverGetVersion(&driver));
  cudaFuncAttributes code{};
  DCGAN_CUDA_CHECK(cudaFuncGetAttributes(&code, probe));
  // PTX of an earlier capability has no instruction to wait with, whatever it is compiled for.
  return properties.major >= 9 && code.ptxVersion >= 90 && driver >= 12030;
#else  // the SIMT machine's do not, but check mode sees to it that kernels would wait
  static_cast<void>(properties);
  return true;
#endif
}

bool has_tensor_cores(const cudaDeviceProp& properties) {
#if defined(__CUDACC__)
  cudaFuncAttributes code{};
  DCGAN_CUDA_CHECK(cudaFuncGetAttributes(&code, probe));
  if (code.ptxVersion < 80) return false;
#endif
  return properties.major >= 8;
}

std::string version_text(int cuda_version) {
  return std::to_string(cuda_version / 1000) + "." + std::to_string(cuda_version % 1000 / 10);
}

std::string describe_code(std::string_view architectures) {
  if (architectures == "native") return "code for the GPUs of the machine that it was built on";
  std::string code, ptx;
  bool several = false;
  std::istringstream list{std::string(architectures)};
  for (std::string item; std::getline(list, item, '+');) {
    const std::size_t dash = item.find('-');
    const std::string kind = dash == std::string::npos ? "" : item.substr(dash);
    const std::string capability = capability_text(item.substr(0, dash));
    if (kind != "-virtual") {
      several = !code.empty();
      code += (several ? ", " : "") + capability;
    }
    if (kind != "-real") ptx += (ptx.empty() ? "" : ", ") + capability;
  }
  if (code.empty()) return "PTX of compute capability " + ptx;
  return std::string("code for compute ") + (several ? "capabilities " : "capability ") + code +
         (ptx.empty() ? "" : " and PTX of " + ptx);
}

std::string why_unavailable(int device) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  cudaGetLastError();  // later calls must not fail because there is no device
  if (status == cudaErrorInsufficientDriver) {
    int driver = 0, runtime = 0;
    cudaDriverGetVersion(&driver);
    cudaRuntimeGetVersion(&runtime);
    if (driver == 0) return "no NVIDIA driver is installed";
    return "the NVIDIA driver is for CUDA " + version_text(driver) + " and this build needs " +
           version_text(runtime) + "; install a newer driver";
  }
  if (status != cudaSuccess) return cudaGetErrorString(status);
  if (count == 0) return "no CUDA device found";
  return device >= 0 && device < count ? why_no_code(device) : "";  // make_backend refuses others
}

}  // namespace dcgan::DCGAN_TARGET
