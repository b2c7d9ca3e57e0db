// The presets: title, settings and networks, each as its original has them. Their layers and
// parameter counts are checked by tests/models/presets_test.cpp.
#include <algorithm>
#include <cmath>
#include <string>
#include <variant>
#include <vector>

#include "dcgan/error.h"
#include "models/models.h"

namespace dcgan {
namespace {

/// Dense layers only, as in the two vanilla GANs.
struct DenseNetworks {
  SampleShape image;
  std::vector<std::int64_t> generator, discriminator;  ///< units of the hidden layers
  bool leaky_before_tanh;                              ///< LeakyReLU on the generator's output too
};

/// The DCGAN family: 7x7 up to 28x28 by strides 1, 2, 2, and back by strides 2, 2.
struct ConvNetworks {
  std::int64_t projected;               ///< channels of the generator's first Dense, as 7x7
  std::vector<std::int64_t> generator;  ///< channels of the hidden transposed convolutions
  std::vector<std::int64_t> discriminator;
  bool bias;  ///< of the generator's first Dense
};

/// A preset is one row: its title, how to set it up and what to build.
struct Preset {
  std::string title;
  Config config;
  std::variant<DenseNetworks, ConvNetworks> networks;
};

std::vector<Preset> make_presets() {
  Config vanilla;  // liviaferne/GANs-fashion-mnist, notebooks/gans.ipynb
  vanilla.preset = "vanilla";

  Config dcgan;  // the same notebook
  dcgan.preset = "dcgan";
  dcgan.generator.learning_rate = 7e-5;

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

  return {
      {"Vanilla GAN", vanilla, DenseNetworks{{28, 28, 1}, {128, 256, 512}, {512, 256, 128}, false}},
      {"DCGAN", dcgan, ConvNetworks{128, {64, 32}, {32, 64}, true}},
      {"DCGAN of the TensorFlow tutorial", tutorial,
       ConvNetworks{256, {128, 64}, {64, 128}, false}},
      {"Vanilla GAN 64x64", vanilla_64,
       DenseNetworks{{64, 64, 3}, {256, 1024, 4096}, {4096, 1024, 256}, true}},
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

/// Builds a preset's networks at the sizes a Config asks for.
class SpecBuilder {
 public:
  explicit SpecBuilder(const Config& config) : c_(config) {}

  GanSpec operator()(const DenseNetworks& n) const {
    GanSpec spec{n.image, {}, {}};
    auto& g = spec.generator;
    for (const std::int64_t units : n.generator) {
      g.push_back(layer::Dense{hidden(units)});
      g.push_back(leaky());
    }
    g.push_back(layer::Dense{n.image.size()});
    if (n.leaky_before_tanh) g.push_back(leaky());
    g.push_back(layer::Tanh{});
    g.push_back(layer::Reshape{n.image});

    auto& d = spec.discriminator;
    d.push_back(layer::Reshape{{1, 1, n.image.size()}});
    for (const std::int64_t units : n.discriminator) {
      d.push_back(layer::Dense{hidden(units)});
      d.push_back(leaky());
      d.push_back(layer::Dropout{c_.dropout});
    }
    d.push_back(layer::Dense{1});
    return spec;
  }

  GanSpec operator()(const ConvNetworks& n) const {
    constexpr std::int64_t kernel = 5, side = 7;  // 28 halved twice
    GanSpec spec{{28, 28, 1}, {}, {}};
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
    g.push_back(layer::ConvTranspose2d{spec.image.channels, kernel, stride, false});
    g.push_back(layer::Tanh{});

    auto& d = spec.discriminator;
    for (const std::int64_t filters : n.discriminator) {
      d.push_back(layer::Conv2d{hidden(filters), kernel, 2});
      d.push_back(leaky());
      d.push_back(layer::Dropout{c_.dropout});
    }
    d.push_back(layer::Reshape{{1, 1, side * side * hidden(n.discriminator.back())}});
    d.push_back(layer::Dense{1});
    return spec;
  }

 private:
  /// Units or channels of a hidden layer at this width.
  std::int64_t hidden(std::int64_t count) const {
    return std::max<std::int64_t>(1, std::llround(static_cast<double>(count) * c_.width));
  }
  LayerSpec leaky() const { return layer::LeakyReLU{c_.leaky_slope}; }
  LayerSpec batch_norm() const {
    return layer::BatchNorm{c_.batch_norm_momentum, c_.batch_norm_epsilon};
  }

  const Config& c_;
};

}  // namespace

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const Preset& preset : presets()) names.push_back(preset.config.preset);
  return names;
}

Config preset_config(const std::string& name) { return find_preset(name).config; }

std::string preset_title(const std::string& name) { return find_preset(name).title; }

GanSpec gan_spec(const Config& config) {
  return std::visit(SpecBuilder(config), find_preset(config.preset).networks);
}

}  // namespace dcgan
