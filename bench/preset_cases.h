// The ops of a training step as cases, at a preset's own shapes.
#pragma once
#include <string>
#include <vector>

#include "ops/case.h"

namespace dcgan::bench {

struct PresetCase {
  std::string where;  ///< "dcgan/generator"
  std::shared_ptr<const test::Case> op;
};

/// Every op of a step: the generator's at the preset's batch size, the discriminator's at twice
/// that, real and fake images together. batch_size 0: the preset's.
std::vector<PresetCase> preset_cases(const std::string& preset, std::int64_t batch_size);

}  // namespace dcgan::bench
