// The networks of each preset, as data.
#pragma once
#include <string>
#include <vector>

#include "dcgan/config.h"
#include "nn/layer_spec.h"

namespace dcgan {

struct GanSpec {
  SampleShape image;
  std::vector<LayerSpec> generator;      ///< from {1, 1, latent} to image
  std::vector<LayerSpec> discriminator;  ///< from image to one logit
};

/// Whether the preset can train on pictures of one channel. Throws UsageError.
bool may_be_grey(const std::string& preset);
/// Whether images of any size are made to fit the preset, not only pictures. Throws UsageError.
bool takes_any_size(const std::string& preset);

/// The networks of config.preset with the config's sizes. Throws UsageError.
GanSpec gan_spec(const Config& config);

}  // namespace dcgan
