// The ops of a training step as cases, at a preset's own shapes.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "bench/peers/peer.h"
#include "ops/case.h"

namespace dcgan::bench {

struct PresetCase {
  std::string where;  ///< "dcgan/generator"
  std::shared_ptr<const test::Case> op;
  std::int64_t positions = 1;  ///< of an image, which a batch norm's rows are made of
};

/// Every op of a step: the generator's at the preset's batch size, the discriminator's at twice
/// that, real and fake images together. batch_size 0: the preset's.
std::vector<PresetCase> preset_cases(const std::string& preset, std::int64_t batch_size);

/// A pass of it as libraries know it; none where no library here has such an op.
std::optional<PeerOp> peer_op(const PresetCase& preset_case, std::size_t pass);

struct PresetPass {
  PresetCase of;
  std::size_t pass;
  /// Nominal, on a device that does 20 FLOPs in the time of one byte: every machine's order of the
  /// passes is the same.
  double work;
};

/// The n passes of a preset with the most work, in the step's order. n = 0: all.
std::vector<PresetPass> preset_passes(const std::string& preset, std::int64_t batch_size,
                                      std::size_t n);

}  // namespace dcgan::bench
