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
std::unique_ptr<Backend> make_backend(int device);
}  // namespace cuda
#endif
namespace simt {
std::unique_ptr<Backend> make_backend(int device);
}
#ifdef DCGAN_HAS_SIMT_CHECK
namespace simt_check {
std::unique_ptr<Backend> make_backend(int device);
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

}  // namespace

std::vector<BackendStatus> backend_statuses() {
  std::vector<BackendStatus> all;
#ifdef DCGAN_HAS_CUDA
  all.push_back({"cuda", cuda::why_unavailable(device_of_environment())});
#else
  all.push_back({"cuda", "this build was made without nvcc"});
#endif
  all.push_back({"cpu", ""});
  all.push_back({"simt", why_no_simt()});
  all.push_back({"simt-check", why_no_simt_check()});
  return all;
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

std::unique_ptr<Backend> make_backend(const std::string& name, int threads) {
  if (name == "auto") {
    for (const BackendStatus& b : backend_statuses())
      if (b.why_unavailable.empty()) return make_backend(b.name, threads);
  }
  if (name == "cpu") return cpu::make_backend(threads);
  if (name == "simt") {
    if (!why_no_simt().empty()) throw Error("backend 'simt' cannot be used: " + why_no_simt());
    return simt::make_backend(0);
  }
  if (name == "simt-check") {
    if (!why_no_simt_check().empty())
      throw Error("backend 'simt-check' cannot be used: " + why_no_simt_check());
#ifdef DCGAN_HAS_SIMT_CHECK
    return simt_check::make_backend(0);
#endif
  }
#ifdef DCGAN_HAS_CUDA
  if (name == "cuda") return cuda::make_backend(device_of_environment());
#else
  if (name == "cuda") throw Error("backend 'cuda' is not in this build: it was made without nvcc");
#endif
  throw UsageError("unknown backend '" + name + "'; there are auto, cuda, cpu, simt, simt-check");
}

}  // namespace dcgan
