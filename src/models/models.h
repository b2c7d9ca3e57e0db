// The networks of each preset, as data.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "dcgan/config.h"
#include "nn/layer_spec.h"

namespace dcgan {

/// What a preset trains.
enum class Task { gan, classifier };

/// Throws UsageError, as all that follow do, for a preset that is not known.
Task task_of(const std::string& preset);

struct GanSpec {
  SampleShape image;
  std::vector<LayerSpec> generator;      ///< from generator_input() to image
  std::vector<LayerSpec> discriminator;  ///< from image to one logit, or one for each class
};

/// How networks see a byte: as (byte - offset) / scale.
struct PixelRange {
  float offset = 127.5F, scale = 127.5F;  ///< [-1, 1], where a generator's images are, too
};

struct ClassifierSpec {
  std::string name;  ///< of the network, and so of its tensors
  SampleShape image;
  std::vector<LayerSpec> layers;  ///< from image to a logit for each class
  std::int64_t classes = 0;
  PixelRange pixels;
};

/// One of the networks of a preset.
struct NetworkSpec {
  std::string name;  ///< "generator"
  SampleShape input;
  std::vector<LayerSpec> layers;
  std::int64_t rows_per_image = 1;  ///< of a step's batch; a discriminator also sees generated ones
};

/// Whether the preset can train on pictures of one channel.
bool may_be_grey(const std::string& preset);
/// Whether images of any size are made to fit the preset, not only pictures.
bool takes_any_size(const std::string& preset);

/// The networks of config.preset with the config's sizes. Throw UsageError where the preset is of
/// the other task.
GanSpec gan_spec(const Config& config);
ClassifierSpec classifier_spec(const Config& config);

/// The same for either task, in the order of a checkpoint.
std::vector<NetworkSpec> network_specs(const Config& config);
/// A latent vector, and after it 1 at the class's place and 0 at the others.
SampleShape generator_input(const Config& config);
/// Of the images that the preset trains on.
SampleShape image_shape(const Config& config);

}  // namespace dcgan
