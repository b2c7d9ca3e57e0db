// Samples of a generator as it was.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "dcgan/config.h"

namespace dcgan {

/// What Trainer::sample gave when the checkpoint was saved, on the same backend: `where` names
/// backend and threads. Throws Error.
std::vector<float> sample_checkpoint(const std::string& path, const Config& where,
                                     std::int64_t count, std::uint64_t seed);

}  // namespace dcgan
