// The networks of each preset, as data.
#pragma once
#include <vector>

#include "dcgan/config.h"
#include "nn/layer_spec.h"

namespace dcgan {

struct GanSpec {
  SampleShape image;
  std::vector<LayerSpec> generator;      ///< from {1, 1, latent} to image
  std::vector<LayerSpec> discriminator;  ///< from image to one logit
};

/// The networks of config.preset with the config's sizes. Throws UsageError.
GanSpec gan_spec(const Config& config);

}  // namespace dcgan
