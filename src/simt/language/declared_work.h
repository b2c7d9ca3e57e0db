// The work of a launch, in the launcher's own words.
#pragma once

namespace simt {

/// What a launch declares of its work, counted from its shape. The machine hands it on to the
/// profile.
struct DeclaredWork {
  double bytes = 0;      ///< each value that is read or written, once
  double fmas = 0;       ///< multiply-adds that the threads issue
  int slices = 0;        ///< rounds of a tiled product's main loop, of a block
  int instructions = 0;  ///< of a thread, where neither bytes nor multiply-adds tell the work
  int double_instructions = 0;  ///< of a thread, the mean
};

}  // namespace simt
