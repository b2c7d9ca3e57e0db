// Chooses a backend by name.
#include "backend/backend.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "backend/cpu/backend.h"
#include "dcgan/error.h"

namespace dcgan {

// The targets of backend/cuda/backend.h, which declares them in the namespace of the target that
// includes it.
#ifdef DCGAN_HAS_CUDA
namespace cuda {
std::string why_unavailable(int device);
std::unique_ptr<Backend> make_backend(int device, Precision precision);
}  // namespace cuda
#endif
namespace simt {
std::unique_ptr<Backend> make_backend(int device, Precision precision);
}
#ifdef DCGAN_HAS_SIMT_CHECK
namespace simt_check {
std::unique_ptr<Backend> make_backend(int device, Precision precision);
}
#endif

namespace {

/// Why the SIMT machine's kernels, which are compiled for AVX2, cannot run here; empty: they can.
std::string why_no_simt() {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
    return "it is compiled for processors with AVX2 and FMA";
#endif
  return "";
}

std::string why_no_simt_check() {
#ifdef DCGAN_HAS_SIMT_CHECK
  return why_no_simt();
#else
  return "this build was not made with GCC";
#endif
}

std::string why_no_cuda() {
#ifdef DCGAN_HAS_CUDA
  return cuda::why_unavailable(device_of_environment());
#else
  return "this build was made without nvcc";
#endif
}

}  // namespace

std::vector<BackendStatus> backend_statuses() {
  return {{"cuda", why_no_cuda()},
          {"cpu", ""},
          {"simt", why_no_simt()},
          {"simt-check", why_no_simt_check()}};
}

int device_of_environment() {
  const char* text = std::getenv("DCGAN_DEVICE");
  if (!text) return 0;
  const std::string_view all = text;
  std::uint16_t device = 0;
  const auto [end, error] = std::from_chars(all.data(), all.data() + all.size(), device);
  if (error != std::errc() || end != all.data() + all.size())
    throw UsageError("DCGAN_DEVICE='" + std::string(all) +
                     "' is not a device number; expected 0, 1, ...");
  return device;
}

std::unique_ptr<Backend> make_backend(const std::string& name, int threads, Precision precision) {
  if (name == "auto") {
    for (const BackendStatus& b : backend_statuses())
      if (b.why_unavailable.empty()) return make_backend(b.name, threads, precision);
  }
  if (name == "cpu" && precision != Precision::fp32)
    throw UsageError("backend 'cpu' computes in fp32 alone: it has no tensor cores");
  if (name == "cpu") return cpu::make_backend(threads);
  const std::string why_not = name == "cuda"         ? why_no_cuda()
                              : name == "simt"       ? why_no_simt()
                              : name == "simt-check" ? why_no_simt_check()
                                                     : "";
  if (!why_not.empty()) throw Error("backend '" + name + "' cannot be used: " + why_not);
  if (name == "simt") return simt::make_backend(0, precision);
#ifdef DCGAN_HAS_SIMT_CHECK
  if (name == "simt-check") return simt_check::make_backend(0, precision);
#endif
#ifdef DCGAN_HAS_CUDA
  if (name == "cuda") return cuda::make_backend(device_of_environment(), precision);
#endif
  throw UsageError("unknown backend '" + name + "'; there are auto, cuda, cpu, simt, simt-check");
}

}  // namespace dcgan
