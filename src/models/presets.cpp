// The presets: the two GANs of the Keras notebook and those of the two works it leans on.
#include <algorithm>
#include <cmath>

#include "dcgan/error.h"
#include "models/models.h"

namespace dcgan {
namespace {

using namespace layer;

/// A hidden layer's width under the config's factor.
std::int64_t scaled(std::int64_t base, const Config& c) {
  return std::max<std::int64_t>(1, std::llround(static_cast<double>(base) * c.width));
}

void add(std::vector<LayerSpec>& to, std::initializer_list<LayerSpec> layers) {
  to.insert(to.end(), layers);
}

GanSpec fully_connected(const Config& c, SampleShape image,
                        std::initializer_list<std::int64_t> generator,
                        std::initializer_list<std::int64_t> discriminator,
                        bool leaky_before_tanh) {
  GanSpec spec{image, {}, {}};
  for (const std::int64_t units : generator)
    add(spec.generator, {Dense{scaled(units, c)}, LeakyReLU{c.leaky_slope}});
  add(spec.generator, {Dense{image.size()}});
  if (leaky_before_tanh) add(spec.generator, {LeakyReLU{c.leaky_slope}});
  add(spec.generator, {Tanh{}, Reshape{image}});
  add(spec.discriminator, {Reshape{{1, 1, image.size()}}});
  for (const std::int64_t units : discriminator)
    add(spec.discriminator,
        {Dense{scaled(units, c)}, LeakyReLU{c.leaky_slope}, Dropout{c.dropout}});
  add(spec.discriminator, {Dense{1}});
  return spec;
}

GanSpec deep_convolutional(const Config& c, std::int64_t base, bool first_bias) {
  const std::int64_t n = scaled(base, c);  // channels of the generator's last hidden layer
  const auto batch_norm = [&](std::vector<LayerSpec>& to) {
    add(to, {BatchNorm{c.batch_norm_momentum, c.batch_norm_epsilon}, LeakyReLU{c.leaky_slope}});
  };
  GanSpec spec{{28, 28, 1}, {}, {}};
  auto& g = spec.generator;
  // The first batch norm is over all 7 * 7 * 4n features, before the reshape.
  add(g, {Dense{7 * 7 * 4 * n, first_bias}});
  batch_norm(g);
  add(g, {Reshape{{7, 7, 4 * n}}, ConvTranspose2d{2 * n, 5, 1, false}});
  batch_norm(g);
  add(g, {ConvTranspose2d{n, 5, 2, false}});
  batch_norm(g);
  add(g, {ConvTranspose2d{1, 5, 2, false}, Tanh{}});
  for (const std::int64_t filters : {n, 2 * n})
    add(spec.discriminator,
        {Conv2d{filters, 5, 2}, LeakyReLU{c.leaky_slope}, Dropout{c.dropout}});
  add(spec.discriminator, {Dense{1}});
  return spec;
}

}  // namespace

std::vector<std::string> preset_names() { return {"vanilla", "dcgan", "tf-tutorial", "vanilla-64"}; }

Config preset_config(const std::string& name) {
  Config c;
  c.preset = name;
  if (name == "vanilla") {
    return c;
  }
  if (name == "dcgan") {
    c.generator.learning_rate = 7e-5;
    return c;
  }
  if (name == "tf-tutorial") {
    c.generator.learning_rate = c.discriminator.learning_rate = 1e-4;
    c.generator.beta1 = c.discriminator.beta1 = 0.9;
    c.epochs = 50;
    c.checkpoint_every = 15;
    return c;
  }
  if (name == "vanilla-64") {
    c.latent = 64;
    c.leaky_slope = 0.2;
    c.label_smoothing = 0.1;
    c.discriminator_steps = 2;
    c.batch_size = 128;
    c.epochs = 100;
    c.checkpoint_every = 10;  // one takes 1.5 GB
    return c;
  }
  throw UsageError("unknown preset '" + name +
                   "'; there are vanilla, dcgan, tf-tutorial and vanilla-64");
}

GanSpec gan_spec(const Config& c) {
  if (c.preset == "vanilla")
    return fully_connected(c, {28, 28, 1}, {128, 256, 512}, {512, 256, 128}, false);
  if (c.preset == "dcgan") return deep_convolutional(c, 32, true);
  if (c.preset == "tf-tutorial") return deep_convolutional(c, 64, false);
  if (c.preset == "vanilla-64")
    return fully_connected(c, {64, 64, 3}, {256, 1024, 4096}, {4096, 1024, 256}, true);
  throw UsageError("unknown preset '" + c.preset + "'");
}

}  // namespace dcgan
