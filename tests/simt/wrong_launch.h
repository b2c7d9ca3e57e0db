// Launches of wrong kernels: their memory, what came of it, and how a report of a race reads.
#pragma once
#include <string>

#include "kernels/device/device.h"

namespace dcgan::DCGAN_TARGET {
namespace {

/// Device memory of some floats, written or not.
class Floats {
 public:
  explicit Floats(std::size_t n, bool written = true) : bytes_(n * sizeof(float)) {
    DCGAN_CUDA_CHECK(cudaMalloc(&data_, bytes_));
    if (written) DCGAN_CUDA_CHECK(cudaMemset(data_, 0, bytes_));
  }
  ~Floats() { cudaFree(data_); }
  Floats(const Floats&) = delete;
  Floats& operator=(const Floats&) = delete;
  operator float*() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  float* data_ = nullptr;
  std::size_t bytes_;
};

/// Runs `queue_work`, waits, and gives the text of what went wrong; empty: nothing.
template <class Work>
std::string outcome(const Work& queue_work) {
  try {
    queue_work();
    DCGAN_CUDA_CHECK(cudaDeviceSynchronize());
  } catch (const DeviceError& e) {
    return e.what();
  }
  return "";
}

/// While it lives, launches may overlap.
class Overlapping {
 public:
  Overlapping() { launches_overlap = true; }
  ~Overlapping() { launches_overlap = false; }
  Overlapping(const Overlapping&) = delete;
  Overlapping& operator=(const Overlapping&) = delete;
};

template <class... Parameters, class... Arguments>
std::string launched(const char* name, void (*kernel)(Parameters...), unsigned blocks,
                     unsigned threads, std::size_t shared_bytes, const Arguments&... arguments) {
  return outcome(
      [&] { launch(name, kernel, blocks, threads, shared_bytes, nullptr, arguments...); });
}

#define LAUNCHED(wrong, kernel, ...)                             \
  (wrong ? launched(#kernel "<true>", kernel<true>, __VA_ARGS__) \
         : launched(#kernel "<false>", kernel<false>, __VA_ARGS__))

/// Two threads, in either order, each at the line that the marks name.
inline std::string race(const std::string& first, const std::string& second) {
  const std::string thread = R"(thread \(\d+,0,0\))";
  const auto pair = [&](const std::string& a, const std::string& b) {
    return "race: " + thread + ".*" + a + ".*" + thread + ".*" + b;
  };
  return pair(first, second) + "|" + pair(second, first);
}

}  // namespace
}  // namespace dcgan::DCGAN_TARGET
