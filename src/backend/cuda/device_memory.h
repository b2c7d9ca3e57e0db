// Device memory, the two streams and the pinned memory through which the host reaches them.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>

#include "backend/backend.h"
#include "backend/cuda/backend.h"
#include "kernels/device/scratch.h"

namespace dcgan::DCGAN_TARGET {

/// All work of the backend runs on one stream in the order of the calls. Uploads travel on a second
/// one, through two pinned buffers in turn, so that the host can fill one while the other is
/// copied; events keep both streams in the order of the calls.
class Streams {
 public:
  /// `device` must be the calling thread's current one.
  explicit Streams(int device);
  ~Streams();
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  /// Also makes the device the calling thread's current one, which a launch on the stream needs:
  /// each thread has its own. That takes time only when it initialises the device (CUDA Runtime
  /// API, cudaSetDevice).
  cudaStream_t compute() const;

  /// Returns when `host` may be changed again; later work on the compute stream sees the data.
  void upload(void* device, const void* host, std::size_t bytes);
  /// Returns when the data has arrived.
  void download(void* host, const void* device, std::size_t bytes);
  void copy(void* destination, const void* source, std::size_t bytes);
  void synchronise();

 private:
  struct Staging {
    void* memory = nullptr;
    cudaEvent_t free = nullptr;  // recorded when the last copy out of it is done
  };
  int device_;
  cudaStream_t compute_ = nullptr, copy_ = nullptr;
  cudaEvent_t computed_ = nullptr, uploaded_ = nullptr;
  Staging staging_[2];
  int next_ = 0;
};

/// Zero-filled. Throws Error with the size asked for and what is free.
Buffer allocate_device_memory(std::size_t bytes, const Streams& streams);

/// The scratch memory that operations share, since they follow one another on one stream; it only
/// grows.
class Workspace {
 public:
  /// Makes it at least this large, before any work that uses it is queued.
  void reserve(const ScratchSize& size, Streams& streams);
  Scratch scratch() const;
  /// How often it has moved.
  int moves() const { return moves_; }

 private:
  void grow(Buffer& buffer, std::size_t bytes, Streams& streams);

  Buffer floats_, counters_;
  int moves_ = 0;
};

}  // namespace dcgan::DCGAN_TARGET
