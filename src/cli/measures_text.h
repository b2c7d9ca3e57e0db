// Measures as people read them.
#pragma once
#include <string>

#include "dcgan/trainer.h"

namespace dcgan::cli {

/// Of a GAN "loss G 0.693 D 1.386", of a classifier "loss 0.345 accuracy 0.876".
std::string measures_text(const std::string& preset, const Measures& measures, int decimals);

/// Of an epoch with four decimals; where they were measured, of a classifier also "test loss 0.3521
/// accuracy 0.8742", of a GAN "Frechet 12.34".
std::string measures_text(const std::string& preset, const EpochRecord& epoch);

}  // namespace dcgan::cli
