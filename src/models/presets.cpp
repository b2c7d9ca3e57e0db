// The presets: title, settings and networks, each as in its original. Their layers and parameter
// counts are checked by tests/models/presets_test.cpp.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "dcgan/error.h"
#include "models/models.h"

namespace dcgan {
namespace {

/// Dense layers only, as in the two vanilla GANs.
struct DenseNetworks {
  std::vector<std::int64_t> generator, discriminator;  ///< units of the hidden layers
  bool leaky_before_tanh;                              ///< LeakyReLU on the generator's output too
};

/// The DCGAN family of 28x28: 7x7 up to it by strides 1, 2, 2, and back by strides 2, 2.
struct ConvNetworks {
  std::int64_t projected;               ///< channels of the generator's first Dense, as 7x7
  std::vector<std::int64_t> generator;  ///< channels of the hidden transposed convolutions
  std::vector<std::int64_t> discriminator;
  bool bias;  ///< of the generator's first Dense
};

/// The DCGAN of Radford et al. (2015): 4x4 up to the image's side by strides of 2, and back to 4x4.
struct DoublingNetworks {
  std::int64_t projected;               ///< channels of the generator's first Dense, as 4x4
  std::vector<std::int64_t> generator;  ///< channels of the hidden transposed convolutions
  std::vector<std::int64_t> discriminator;
};

/// Dense layers, as in TensorFlow's first tutorial, which takes pixels in [0, 1].
struct DenseClassifier {
  std::vector<std::int64_t> hidden;  ///< units
};

/// Convolutions with batch norm, of stride 1 and 2 by turns, then two Dense layers. Its pixels are
/// in [-1, 1], so that it can judge a generator's images.
struct ConvClassifier {
  std::vector<std::int64_t> channels;
  std::int64_t features;  ///< units of the first Dense
};

/// A preset is one row: its title, how to set it up, which images, and what to build.
struct Preset {
  std::string title;
  Config config;
  std::int64_t side;
  bool any_size;                       ///< whether IDX and CIFAR images of other sizes are fitted
  std::vector<std::int64_t> channels;  ///< that it can have, its own first
  std::variant<DenseNetworks, ConvNetworks, DoublingNetworks, DenseClassifier, ConvClassifier>
      networks;
};

/// What the presets for own pictures share: the paper's rates, PyTorch's batch norm. The mean of
/// statistics that were current 100 steps ago would blur the samples of a short training.
Config own_pictures(const std::string& name) {
  Config config;
  config.preset = name;
  config.epochs = 50;
  config.checkpoint_every = 5;
  config.batch_size = 128;
  config.leaky_slope = 0.2;
  config.batch_norm_momentum = 0.9;
  config.batch_norm_epsilon = 1e-5;
  return config;
}

std::vector<Preset> make_presets() {
  Config vanilla;  // liviaferne/GANs-fashion-mnist, notebooks/gans.ipynb
  vanilla.preset = "vanilla";

  Config dcgan;  // the same notebook
  dcgan.preset = "dcgan";
  dcgan.generator.learning_rate = 7e-5;

  Config modern;  // docs/recipe.md
  modern.preset = "modern";
  modern.epochs = 30;
  modern.checkpoint_every = 5;
  modern.batch_size = 32;
  for (AdamConfig* adam : {&modern.generator, &modern.discriminator})
    *adam = {.learning_rate = 8e-4,
             .beta1 = 0,
             .beta2 = 0.9,
             .final_learning_rate = 1e-4,
             .final_beta2 = 0.99};
  modern.classes = 10;
  modern.leaky_slope = 0.2;
  modern.dropout = 0;
  modern.loss = "relativistic";
  modern.penalty = 0.5;
  modern.average = 0.05;

  Config tutorial;  // TensorFlow's "Deep Convolutional Generative Adversarial Network"
  tutorial.preset = "tf-tutorial";
  tutorial.generator.learning_rate = tutorial.discriminator.learning_rate = 1e-4;
  tutorial.generator.beta1 = tutorial.discriminator.beta1 = 0.9;
  tutorial.epochs = 50;
  tutorial.checkpoint_every = 15;

  Config vanilla_64;  // Idiot Developer, "Vanilla GAN in TensorFlow"
  vanilla_64.preset = "vanilla-64";
  vanilla_64.epochs = 100;
  vanilla_64.checkpoint_every = 10;  // one takes 1.3 GB
  vanilla_64.batch_size = 128;
  vanilla_64.latent = 64;
  vanilla_64.leaky_slope = 0.2;
  vanilla_64.label_smoothing = 0.1;
  vanilla_64.discriminator_steps = 2;

  Config large = own_pictures("dcgan-128");
  large.batch_size = 64;

  Config classifier;  // TensorFlow's "Basic classification: Classify images of clothing"
  classifier.preset = "classifier";
  classifier.batch_size = 32;
  classifier.leaky_slope = 0;  // ReLU
  classifier.dropout = 0;

  Config judge;
  judge.preset = "judge";
  judge.epochs = 20;
  judge.batch_size = 128;
  judge.flip = 1;
  judge.leaky_slope = 0;
  judge.dropout = 0.2;
  judge.classifier.learning_rate = 3e-3;
  judge.classifier.final_learning_rate = 1e-5;

  return {
      {"Vanilla GAN",
       vanilla,
       28,
       false,
       {1},
       DenseNetworks{{128, 256, 512}, {512, 256, 128}, false}},
      {"DCGAN", dcgan, 28, false, {1}, ConvNetworks{128, {64, 32}, {32, 64}, true}},
      {"Modern GAN", modern, 28, false, {1}, ConvNetworks{128, {64, 32}, {64, 128}, true}},
      {"DCGAN of the TensorFlow tutorial",
       tutorial,
       28,
       false,
       {1},
       ConvNetworks{256, {128, 64}, {64, 128}, false}},
      {"Vanilla GAN 64x64",
       vanilla_64,
       64,
       true,
       {3},
       DenseNetworks{{256, 1024, 4096}, {4096, 1024, 256}, true}},
      {"DCGAN 32x32",
       own_pictures("dcgan-32"),
       32,
       true,
       {3, 1},
       DoublingNetworks{256, {128, 64}, {64, 128, 256}}},
      {"DCGAN 64x64",
       own_pictures("dcgan-64"),
       64,
       true,
       {3, 1},
       DoublingNetworks{512, {256, 128, 64}, {64, 128, 256, 512}}},
      {"DCGAN 128x128",
       large,
       128,
       true,
       {3, 1},
       DoublingNetworks{512, {256, 128, 64, 32}, {32, 64, 128, 256, 512}}},
      {"Classifier of the TensorFlow tutorial", classifier, 28, false, {1}, DenseClassifier{{128}}},
      {"Judge", judge, 28, false, {1}, ConvClassifier{{16, 32, 32, 48, 48, 64}, 64}},
  };
}

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all = make_presets();
  return all;
}

const Preset& find_preset(const std::string& name) {
  std::string known;
  for (const Preset& preset : presets()) {
    if (preset.config.preset == name) return preset;
    known += (known.empty() ? "" : ", ") + preset.config.preset;
  }
  throw UsageError("preset \"" + name.substr(0, 60) + "\" is not known; there are " + known);
}

/// The preset's image with as many channels as are asked for. Throws UsageError.
SampleShape image_of(const Preset& preset, std::int64_t channels) {
  if (channels == 0) channels = preset.channels.front();
  if (std::find(preset.channels.begin(), preset.channels.end(), channels) ==
      preset.channels.end()) {
    std::string known;
    for (const std::int64_t n : preset.channels)
      known = std::to_string(n) + (known.empty() ? "" : " or ") + known;
    std::string text = "channels=" + std::to_string(channels) + ": preset '" +
                       preset.config.preset + "' has " + known;
    if (preset.channels.size() == 1) text += "; dcgan-32, dcgan-64 and dcgan-128 take 1 or 3";
    throw UsageError(text);
  }
  return {preset.side, preset.side, channels};
}

using Spec = std::variant<GanSpec, ClassifierSpec>;

/// Builds a preset's networks at the sizes a Config asks for.
class SpecBuilder {
 public:
  SpecBuilder(const Config& config, SampleShape image) : c_(config), image_(image) {}

  Spec operator()(const DenseNetworks& n) const {
    GanSpec spec{image_, {}, {}};
    auto& g = spec.generator;
    for (const std::int64_t units : n.generator) {
      g.push_back(layer::Dense{hidden(units)});
      g.push_back(leaky());
    }
    g.push_back(layer::Dense{image_.size()});
    if (n.leaky_before_tanh) g.push_back(leaky());
    g.push_back(layer::Tanh{});
    g.push_back(layer::Reshape{image_});

    auto& d = spec.discriminator;
    d.push_back(layer::Reshape{{1, 1, image_.size()}});
    for (const std::int64_t units : n.discriminator) {
      d.push_back(layer::Dense{hidden(units)});
      d.push_back(leaky());
      d.push_back(layer::Dropout{c_.dropout});
    }
    d.push_back(logits());
    return spec;
  }

  Spec operator()(const ConvNetworks& n) const {
    constexpr std::int64_t side = 7;  // 28 halved twice
    GanSpec spec{image_, {}, {}};
    auto& g = spec.generator;
    const SampleShape projected{side, side, hidden(n.projected)};
    g = {layer::Dense{projected.size(), n.bias}, batch_norm(), leaky(), layer::Reshape{projected}};
    std::int64_t stride = 1;  // the first keeps 7x7, the others double it
    for (const std::int64_t filters : n.generator) {
      g.push_back(layer::ConvTranspose2d{hidden(filters), kernel, stride, false});
      g.push_back(batch_norm());
      g.push_back(leaky());
      stride = 2;
    }
    g.push_back(layer::ConvTranspose2d{image_.channels, kernel, stride, false});
    g.push_back(layer::Tanh{});
    spec.discriminator = halving(n.discriminator, side);
    return spec;
  }

  Spec operator()(const DoublingNetworks& n) const {
    constexpr std::int64_t side = 4;
    GanSpec spec{image_, {}, {}};
    auto& g = spec.generator;
    const SampleShape projected{side, side, hidden(n.projected)};
    g = {layer::Dense{projected.size(), false}, batch_norm(), leaky(), layer::Reshape{projected}};
    for (const std::int64_t filters : n.generator) {
      g.push_back(layer::ConvTranspose2d{hidden(filters), kernel, 2, false});
      g.push_back(batch_norm());
      g.push_back(leaky());
    }
    g.push_back(layer::ConvTranspose2d{image_.channels, kernel, 2, false});
    g.push_back(layer::Tanh{});
    spec.discriminator = halving(n.discriminator, side);
    return spec;
  }

  Spec operator()(const DenseClassifier& n) const {
    ClassifierSpec spec{c_.preset, image_, {}, classes(), {.offset = 0, .scale = 255}};
    spec.layers.push_back(layer::Reshape{{1, 1, image_.size()}});
    for (const std::int64_t units : n.hidden) {
      spec.layers.push_back(layer::Dense{hidden(units)});
      spec.layers.push_back(leaky());
      add_dropout(spec.layers);
    }
    spec.layers.push_back(layer::Dense{classes()});
    return spec;
  }

  Spec operator()(const ConvClassifier& n) const {
    ClassifierSpec spec{c_.preset, image_, {}, classes(), {}};
    std::int64_t stride = 1, side = image_.height;
    for (const std::int64_t filters : n.channels) {
      spec.layers.push_back(layer::Conv2d{hidden(filters), 3, stride, false});
      spec.layers.push_back(batch_norm());
      spec.layers.push_back(leaky());
      side = (side + stride - 1) / stride;
      if (stride == 2) add_dropout(spec.layers);
      stride = 3 - stride;
    }
    spec.layers.push_back(layer::Reshape{{1, 1, side * side * hidden(n.channels.back())}});
    spec.layers.push_back(layer::Dense{hidden(n.features)});
    spec.layers.push_back(leaky());
    add_dropout(spec.layers);
    spec.layers.push_back(layer::Dense{classes()});
    return spec;
  }

 private:
  static constexpr std::int64_t kernel = 5;

  /// A discriminator of convolutions of stride 2, down to side x side.
  std::vector<LayerSpec> halving(const std::vector<std::int64_t>& channels,
                                 std::int64_t side) const {
    std::vector<LayerSpec> d;
    for (const std::int64_t filters : channels) {
      d.push_back(layer::Conv2d{hidden(filters), kernel, 2});
      d.push_back(leaky());
      d.push_back(layer::Dropout{c_.dropout});
    }
    d.push_back(layer::Reshape{{1, 1, side * side * hidden(channels.back())}});
    d.push_back(logits());
    return d;
  }
  /// Of a classifier; if nothing is said, those of MNIST and Fashion-MNIST.
  std::int64_t classes() const { return c_.classes ? c_.classes : 10; }
  /// A discriminator's last layer: of classes that it is told each has a logit of its own.
  LayerSpec logits() const { return layer::Dense{std::max<std::int64_t>(1, c_.classes)}; }
  /// Units or channels of a hidden layer at this width.
  std::int64_t hidden(std::int64_t count) const {
    return std::max<std::int64_t>(1, std::llround(static_cast<double>(count) * c_.width));
  }
  void add_dropout(std::vector<LayerSpec>& layers) const {
    if (c_.dropout > 0) layers.push_back(layer::Dropout{c_.dropout});
  }
  LayerSpec leaky() const { return layer::LeakyReLU{c_.leaky_slope}; }
  LayerSpec batch_norm() const {
    return layer::BatchNorm{c_.batch_norm_momentum, c_.batch_norm_epsilon};
  }

  const Config& c_;
  SampleShape image_;
};

Spec spec_of(const Config& config) {
  const Preset& preset = find_preset(config.preset);
  return std::visit(SpecBuilder(config, image_of(preset, config.channels)), preset.networks);
}

}  // namespace

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const Preset& preset : presets()) names.push_back(preset.config.preset);
  return names;
}

Config preset_config(const std::string& name) { return find_preset(name).config; }

std::string preset_title(const std::string& name) { return find_preset(name).title; }

Task task_of(const std::string& name) {
  const auto& networks = find_preset(name).networks;
  const bool classifies = std::holds_alternative<DenseClassifier>(networks) ||
                          std::holds_alternative<ConvClassifier>(networks);
  return classifies ? Task::classifier : Task::gan;
}

bool may_be_grey(const std::string& name) {
  const std::vector<std::int64_t>& channels = find_preset(name).channels;
  return std::find(channels.begin(), channels.end(), 1) != channels.end();
}

bool takes_any_size(const std::string& name) { return find_preset(name).any_size; }

GanSpec gan_spec(const Config& config) {
  Spec spec = spec_of(config);
  if (auto* gan = std::get_if<GanSpec>(&spec)) return std::move(*gan);
  throw UsageError("preset '" + config.preset + "' is a classifier; it has no generator");
}

ClassifierSpec classifier_spec(const Config& config) {
  Spec spec = spec_of(config);
  if (auto* classifier = std::get_if<ClassifierSpec>(&spec)) return std::move(*classifier);
  throw UsageError("preset '" + config.preset + "' is a GAN; it tells no classes apart");
}

std::vector<NetworkSpec> network_specs(const Config& config) {
  Spec spec = spec_of(config);
  if (auto* c = std::get_if<ClassifierSpec>(&spec))
    return {{c->name, c->image, std::move(c->layers)}};
  auto& gan = std::get<GanSpec>(spec);
  return {{"generator", generator_input(config), std::move(gan.generator)},
          {"discriminator", gan.image, std::move(gan.discriminator), 2}};
}

SampleShape generator_input(const Config& config) { return {1, 1, config.latent + config.classes}; }

SampleShape image_shape(const Config& config) {
  return image_of(find_preset(config.preset), config.channels);
}

}  // namespace dcgan
