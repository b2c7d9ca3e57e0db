// The SIMT machine: executes CUDA kernels on the CPU, thread for thread, and is stricter than any
// GPU about barriers, masks, limits and order. This header is how a program steers it; kernels and
// the host code that launches them see only cuda/cuda_runtime.h.
//
// Each CUDA thread of a block is a fiber; a block runs on one worker (an OS thread), its fibers in
// an order that may be chosen; blocks are handed out over all workers. Work queued on streams runs
// when the host waits for it, or earlier, in any order that streams and events allow.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "simt/language/vector_types.h"

namespace simt {

/// The order of threads between two barriers, of blocks in a grid, and of concurrent streams. A
/// correct program gives the same bits in all of them.
enum class Order { forward, reverse, random };

struct Settings {
  Order order = Order::forward;
  std::uint64_t seed = 1;  ///< of Order::random
  int workers = 0;         ///< 0: one per core
  /// Compute capability of the emulated devices: 75, 80, 86, 89, 90, 100 or 120; or 61, which
  /// kernels have no code for.
  int capability = 80;
  int devices = 1;        ///< how many there are, all alike
  bool blocking = false;  ///< a launch returns when the kernel has run: CUDA_LAUNCH_BLOCKING=1
};

/// A kernel's launch, as a log or a profile sees it.
struct LaunchRecord {
  const char* kernel;
  dim3 grid, block;
  std::size_t dynamic_shared_bytes;
  double milliseconds;
};

/// The settings in force: at first those of the environment's CUDA_LAUNCH_BLOCKING and DCGAN_SIMT,
/// a comma-separated list of order=forward|reverse|random, seed=N, workers=N, device=8.0,
/// devices=N. Throws std::invalid_argument with one line where it cannot be read.
Settings settings();
void set_settings(const Settings& settings);

/// Called after every launch has run, on the thread that waited for it; an empty function ends it.
void on_launch(std::function<void(const LaunchRecord&)> observer);

/// The clock that events read, in milliseconds; an empty function: the host's. cudaEventElapsedTime
/// is the difference of two readings.
void set_event_clock(std::function<double()> milliseconds);
double event_clock_ms();

/// Forgets queued work and the failure that a kernel left behind. Streams, events and memory stay
/// valid.
void forget_failure();

/// The first violation, with kernel, block, threads and lines; empty: none.
std::string failure();

}  // namespace simt
