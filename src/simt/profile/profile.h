// Profile mode of the SIMT machine: launches of checked kernels (see check/) run a sample of their
// blocks, and what their warps ask of memory is counted per source line, as a GPU's profiler counts
// it. Nothing is checked meanwhile, and a launch's results are incomplete.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "simt/language/launch.h"

namespace simt::profile {

enum class Space : std::uint8_t { global, shared };

/// What the warps of the sampled blocks asked for. A request is one instruction of one warp, for
/// those of its lanes that take part.
struct Counts {
  std::uint64_t requests = 0, lanes = 0, bytes = 0;  // bytes: all lanes' together
  // Of global requests: 32-byte sectors touched, and how few the distinct bytes would fill.
  std::uint64_t sectors = 0, ideal_sectors = 0;
  // Of shared requests: passes over the banks, and how many there would be without conflicts: one
  // per 32 lanes of up to 4 bytes, 16 lanes of 8 or 8 lanes of 16.
  std::uint64_t wavefronts = 0, ideal_wavefronts = 0;
  unsigned most_ways = 0;  // the most words of one bank in one pass

  void add(const Counts& other);
};

/// The loads, or the stores, of one width that a source line makes.
struct LineProfile {
  std::string line;  // "pack.h:22 in column_sums.h:62 in batch_norm.cu:33"
  Space space;
  bool write;
  unsigned width_bytes;  // per lane
  Counts counts;
};

struct KernelProfile {
  std::string kernel;    // as its launch calls it
  std::string function;  // "gather_kernel<4>": without namespaces and parameters
  DeclaredWork work;
  dim3 grid, block;
  std::size_t dynamic_shared_bytes;
  std::uint64_t blocks, sampled_blocks;
  std::vector<LineProfile> lines;  // in the source's order

  /// The factor from these counts to the whole launch's.
  double scale() const { return static_cast<double>(blocks) / static_cast<double>(sampled_blocks); }
};

struct Session {
  std::uint64_t most_blocks;
  std::function<void(const KernelProfile&)> observer;
};

/// From now on every launch of a checked kernel runs at most `most_blocks` of its blocks, spread
/// over the grid, and is reported; 0: none runs and none is reported. The machine must be idle.
void begin(std::uint64_t most_blocks, std::function<void(const KernelProfile&)> observer);
void end();

}  // namespace simt::profile
