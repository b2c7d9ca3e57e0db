// The kernels of one training step as profile mode of the SIMT machine sees them.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "dcgan/config.h"

namespace dcgan {

/// Runs one training step of the config, at most `most_blocks` blocks of each launch, and counts
/// its memory accesses. `op`: only the ops of that name, "conv2d"; empty: all. Throws UsageError if
/// the step has no such op, Error if this build has no profile mode.
///
///   {"preset": "dcgan", "precision": "fp32", "batch_size": 256, "most_blocks": 8, "ops": [{
///     "op": "conv2d", ..., "kernels": [{       (and what else ops/op.h's to_json() says)
///       "name": "conv_forward", "grid": [x, y, z], "block": [x, y, z],
///       "dynamic_shared_bytes": 0, "blocks": 196, "sampled_blocks": 8, "lines": [{
///         "line": "fp32_product.h:105 in ...", "access": "load", "space": "global",
///         "width_bytes": 16, "requests": 1, "lanes": 32, "bytes": 512,
///         "sectors": 16, "ideal_sectors": 16           (of global memory)
///         "wavefronts": 4, "ideal_wavefronts": 4, "ways": 1    (of shared memory)
/// All counts are for the whole launch: those of the sampled blocks times blocks / sampled_blocks.
nlohmann::ordered_json profile_step(const Config& config, const std::string& op,
                                    std::uint64_t most_blocks);

}  // namespace dcgan
