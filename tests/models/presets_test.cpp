// The presets against their originals: layers, shapes, parameter counts and hyperparameters. Shapes
// and counts are computed here from the specs, not by the code that builds the networks.
#include <gtest/gtest.h>

#include "dcgan/error.h"
#include "models/models.h"

namespace dcgan {
namespace {

/// Walks a network and counts what Keras would call trainable and non-trainable parameters.
struct Count {
  SampleShape shape;
  std::int64_t trainable = 0, moving = 0;

  void operator()(const layer::Dense& l) {
    EXPECT_EQ(shape.size(), shape.channels) << "a Dense needs a flat input";
    trainable += shape.size() * l.units + (l.bias ? l.units : 0);
    shape = {1, 1, l.units};
  }
  void operator()(const layer::Conv2d& l) {
    trainable += l.kernel * l.kernel * shape.channels * l.filters + (l.bias ? l.filters : 0);
    shape = {(shape.height + l.stride - 1) / l.stride, (shape.width + l.stride - 1) / l.stride,
             l.filters};
  }
  void operator()(const layer::ConvTranspose2d& l) {
    trainable += l.kernel * l.kernel * shape.channels * l.filters + (l.bias ? l.filters : 0);
    shape = {shape.height * l.stride, shape.width * l.stride, l.filters};
  }
  void operator()(const layer::BatchNorm&) {
    trainable += 2 * shape.channels;
    moving += 2 * shape.channels;
  }
  void operator()(const layer::Reshape& l) {
    EXPECT_EQ(l.shape.size(), shape.size());
    shape = l.shape;
  }
  void operator()(const layer::LeakyReLU&) {}
  void operator()(const layer::Dropout&) {}
  void operator()(const layer::Tanh&) {}
};

Count count(const std::vector<LayerSpec>& layers, SampleShape in) {
  Count result{in};
  for (const LayerSpec& l : layers) std::visit(result, l);
  return result;
}

std::vector<std::string> words(const std::vector<LayerSpec>& layers) {
  std::vector<std::string> all;
  for (const LayerSpec& l : layers) all.push_back(to_string(l));
  return all;
}

struct Expected {
  std::string preset;
  std::int64_t generator, moving, discriminator;
};

class ParameterCounts : public testing::TestWithParam<Expected> {};

TEST_P(ParameterCounts, EqualTheOriginals) {
  const Config config = preset_config(GetParam().preset);
  const GanSpec spec = gan_spec(config);
  const Count g = count(spec.generator, generator_input(config));
  EXPECT_EQ(g.trainable, GetParam().generator);
  EXPECT_EQ(g.moving, GetParam().moving);
  const Count d = count(spec.discriminator, spec.image);
  EXPECT_EQ(d.trainable, GetParam().discriminator);
  EXPECT_EQ(d.moving, 0);
}

// Those of larger pictures have no published count. vanilla-64: sums of (in + 1) * out over its
// layers. dcgan-N: 25 * in * out for each convolution, its bias in the discriminator, and 2 * out
// for batch norm, of which as many move.
INSTANTIATE_TEST_SUITE_P(Presets, ParameterCounts,
                         testing::Values(Expected{"vanilla", 579'728, 0, 566'273},
                                         Expected{"dcgan", 903'008, 12'736, 55'233},
                                         Expected{"modern", 965'728, 12'736, 269'322},
                                         Expected{"tf-tutorial", 2'305'472, 25'472, 212'865},
                                         Expected{"vanilla-64", 54'822'144, 0, 54'793'729},
                                         Expected{"dcgan-32", 1'446'976, 8'576, 1'033'345},
                                         Expected{"dcgan-64", 5'142'080, 17'280, 4'314'753},
                                         Expected{"dcgan-128", 5'190'944, 17'344, 4'363'585}));

// The code of a class behind the latent vector, and a logit for each class; of a classifier too.
TEST(Presets, ClassesAreInputsOfTheGeneratorAndLogits) {
  for (const std::string name : {"vanilla", "dcgan", "modern", "dcgan-32"}) {
    Config config = preset_config(name);
    EXPECT_EQ(config.classes, name == "modern" ? 10 : 0) << name;
    config.classes = 0;
    const GanSpec plain = gan_spec(config);
    EXPECT_EQ(generator_input(config), (SampleShape{1, 1, 100})) << name;
    config.classes = 7;
    const GanSpec told = gan_spec(config);
    EXPECT_EQ(generator_input(config), (SampleShape{1, 1, 107})) << name;
    EXPECT_EQ(words(told.generator), words(plain.generator)) << name;
    std::vector<std::string> expected = words(plain.discriminator);
    EXPECT_EQ(expected.back(), "Dense 1") << name;
    expected.back() = "Dense 7";
    EXPECT_EQ(words(told.discriminator), expected) << name;
    EXPECT_EQ(network_specs(config).front().input, generator_input(config)) << name;
  }
  for (const std::string name : {"classifier", "judge"}) {
    Config config = preset_config(name);
    EXPECT_EQ(classifier_spec(config).classes, 10) << name;
    config.classes = 47;
    EXPECT_EQ(classifier_spec(config).classes, 47) << name;
    EXPECT_EQ(words(classifier_spec(config).layers).back(), "Dense 47") << name;
  }
}

// Two channels fewer: the last kernel of the one and the first of the other.
TEST(Presets, GreyPicturesTakeSmallerNetworks) {
  for (const std::string name : {"dcgan-32", "dcgan-64", "dcgan-128"}) {
    Config config = preset_config(name);
    const GanSpec colour = gan_spec(config);
    config.channels = 1;
    const GanSpec grey = gan_spec(config);
    const std::int64_t outer = name == "dcgan-128" ? 32 : 64, fewer = 2 * 25 * outer;
    EXPECT_EQ(colour.image.channels, 3);
    EXPECT_EQ(grey.image.channels, 1);
    EXPECT_EQ(count(grey.generator, {1, 1, 100}).trainable,
              count(colour.generator, {1, 1, 100}).trainable - fewer);
    EXPECT_EQ(count(grey.discriminator, grey.image).trainable,
              count(colour.discriminator, colour.image).trainable - fewer);
    EXPECT_TRUE(may_be_grey(name));
  }
  EXPECT_FALSE(may_be_grey("vanilla-64"));
}

TEST(Presets, ChannelsThatTheyDoNotHaveAreRefused) {
  const auto refusal = [](const std::string& preset, std::int64_t channels) -> std::string {
    Config config = preset_config(preset);
    config.channels = channels;
    try {
      gan_spec(config);
      return "";
    } catch (const UsageError& error) {
      return error.what();
    }
  };
  EXPECT_EQ(refusal("dcgan", 1), "");
  EXPECT_EQ(refusal("vanilla-64", 3), "");
  EXPECT_EQ(refusal("dcgan", 3),
            "channels=3: preset 'dcgan' has 1; dcgan-32, dcgan-64 and dcgan-128 take 1 or 3");
  EXPECT_EQ(refusal("vanilla-64", 1),
            "channels=1: preset 'vanilla-64' has 3; dcgan-32, dcgan-64 and dcgan-128 take 1 or 3");
  EXPECT_EQ(refusal("dcgan-64", 2), "channels=2: preset 'dcgan-64' has 1 or 3");
}

TEST(Presets, Dcgan32DoublesFrom4x4AndHalvesBack) {
  const GanSpec spec = gan_spec(preset_config("dcgan-32"));
  const std::string bn = "BatchNorm momentum 0.9 epsilon 1e-05";
  EXPECT_EQ(
      words(spec.generator),
      (std::vector<std::string>{"Dense 4096, no bias", bn, "LeakyReLU 0.2", "Reshape 4x4x256",
                                "ConvTranspose2d 128 5x5 stride 2, no bias", bn, "LeakyReLU 0.2",
                                "ConvTranspose2d 64 5x5 stride 2, no bias", bn, "LeakyReLU 0.2",
                                "ConvTranspose2d 3 5x5 stride 2, no bias", "Tanh"}));
  EXPECT_EQ(words(spec.discriminator),
            (std::vector<std::string>{"Conv2d 64 5x5 stride 2", "LeakyReLU 0.2", "Dropout 0.3",
                                      "Conv2d 128 5x5 stride 2", "LeakyReLU 0.2", "Dropout 0.3",
                                      "Conv2d 256 5x5 stride 2", "LeakyReLU 0.2", "Dropout 0.3",
                                      "Reshape 4096", "Dense 1"}));
}

TEST(Presets, NetworksFitTogetherAtEveryWidth) {
  for (const std::string& name : preset_names())
    for (const double width : {1.0 / 64, 0.1, 0.5, 1.0, 1.7, 16.0}) {
      SCOPED_TRACE(name + " at width " + std::to_string(width));
      Config config = preset_config(name);
      config.width = width;
      config.latent = 7;
      if (task_of(name) == Task::classifier) {
        const ClassifierSpec spec = classifier_spec(config);
        EXPECT_EQ(count(spec.layers, spec.image).shape, (SampleShape{1, 1, spec.classes}));
        continue;
      }
      const GanSpec spec = gan_spec(config);
      EXPECT_EQ(count(spec.generator, generator_input(config)).shape, spec.image);
      EXPECT_EQ(count(spec.discriminator, spec.image).shape,
                (SampleShape{1, 1, name == "modern" ? 10 : 1}));
    }
}

TEST(Presets, DcganHasTheLayersOfTheNotebook) {
  const GanSpec spec = gan_spec(preset_config("dcgan"));
  const std::string bn = "BatchNorm momentum 0.99 epsilon 0.001";
  EXPECT_EQ(
      words(spec.generator),
      (std::vector<std::string>{"Dense 6272", bn, "LeakyReLU 0.3", "Reshape 7x7x128",
                                "ConvTranspose2d 64 5x5 stride 1, no bias", bn, "LeakyReLU 0.3",
                                "ConvTranspose2d 32 5x5 stride 2, no bias", bn, "LeakyReLU 0.3",
                                "ConvTranspose2d 1 5x5 stride 2, no bias", "Tanh"}));
  EXPECT_EQ(words(spec.discriminator),
            (std::vector<std::string>{"Conv2d 32 5x5 stride 2", "LeakyReLU 0.3", "Dropout 0.3",
                                      "Conv2d 64 5x5 stride 2", "LeakyReLU 0.3", "Dropout 0.3",
                                      "Reshape 3136", "Dense 1"}));
}

TEST(Presets, TutorialsFirstDenseHasNoBias) {
  EXPECT_EQ(to_string(gan_spec(preset_config("tf-tutorial")).generator[0]), "Dense 12544, no bias");
}

TEST(Presets, TutorialsLayersAreTwiceAsWide) {
  const GanSpec spec = gan_spec(preset_config("tf-tutorial"));
  EXPECT_EQ(words(spec.generator)[4], "ConvTranspose2d 128 5x5 stride 1, no bias");
  EXPECT_EQ(words(spec.generator)[7], "ConvTranspose2d 64 5x5 stride 2, no bias");
  EXPECT_EQ(words(spec.discriminator)[0], "Conv2d 64 5x5 stride 2");
  EXPECT_EQ(words(spec.discriminator)[3], "Conv2d 128 5x5 stride 2");
}

TEST(Presets, VanillaHasTheLayersOfTheNotebook) {
  const GanSpec spec = gan_spec(preset_config("vanilla"));
  EXPECT_EQ(words(spec.generator),
            (std::vector<std::string>{"Dense 128", "LeakyReLU 0.3", "Dense 256", "LeakyReLU 0.3",
                                      "Dense 512", "LeakyReLU 0.3", "Dense 784", "Tanh",
                                      "Reshape 28x28x1"}));
}

TEST(Presets, Vanilla64HasALeakyReluInFrontOfTanh) {
  const GanSpec spec = gan_spec(preset_config("vanilla-64"));
  EXPECT_EQ(spec.image, (SampleShape{64, 64, 3}));
  EXPECT_EQ(words(spec.generator),
            (std::vector<std::string>{"Dense 256", "LeakyReLU 0.2", "Dense 1024", "LeakyReLU 0.2",
                                      "Dense 4096", "LeakyReLU 0.2", "Dense 12288", "LeakyReLU 0.2",
                                      "Tanh", "Reshape 64x64x3"}));
}

TEST(Presets, WidthLeavesTheOutputsAlone) {
  Config config = preset_config("vanilla");
  config.width = 1.0 / 64;
  EXPECT_EQ(words(gan_spec(config).discriminator),
            (std::vector<std::string>{"Reshape 784", "Dense 8", "LeakyReLU 0.3", "Dropout 0.3",
                                      "Dense 4", "LeakyReLU 0.3", "Dropout 0.3", "Dense 2",
                                      "LeakyReLU 0.3", "Dropout 0.3", "Dense 1"}));
  config.width = 1e-6;  // below what set() allows, and still a network
  EXPECT_EQ(words(gan_spec(config).discriminator)[1], "Dense 1");
}

TEST(Presets, SettingsReachTheLayers) {
  Config config = preset_config("dcgan");
  config.leaky_slope = 0.15;
  config.dropout = 0.45;
  config.batch_norm_momentum = 0.75;
  config.batch_norm_epsilon = 0.05;
  const auto expect_all = [](const std::vector<LayerSpec>& layers, const std::string& kind,
                             const std::string& expected, int count) {
    for (const std::string& word : words(layers)) {
      if (!word.starts_with(kind)) continue;
      EXPECT_EQ(word, expected);
      --count;
    }
    EXPECT_EQ(count, 0) << kind;
  };
  const GanSpec conv = gan_spec(config);
  expect_all(conv.generator, "BatchNorm", "BatchNorm momentum 0.75 epsilon 0.05", 3);
  expect_all(conv.generator, "LeakyReLU", "LeakyReLU 0.15", 3);
  expect_all(conv.discriminator, "LeakyReLU", "LeakyReLU 0.15", 2);
  expect_all(conv.discriminator, "Dropout", "Dropout 0.45", 2);
  config.preset = "vanilla-64";
  const GanSpec dense = gan_spec(config);
  expect_all(dense.generator, "LeakyReLU", "LeakyReLU 0.15", 4);
  expect_all(dense.discriminator, "LeakyReLU", "LeakyReLU 0.15", 3);
  expect_all(dense.discriminator, "Dropout", "Dropout 0.45", 3);
}

TEST(Presets, HyperparametersAreTheOriginals) {
  const Config vanilla = preset_config("vanilla"), dcgan = preset_config("dcgan"),
               tutorial = preset_config("tf-tutorial"), large = preset_config("vanilla-64");
  EXPECT_EQ(vanilla.generator.learning_rate, 2e-4);
  EXPECT_EQ(vanilla.discriminator.learning_rate, 2e-4);
  EXPECT_EQ(dcgan.generator.learning_rate, 7e-5);
  EXPECT_EQ(dcgan.discriminator.learning_rate, 2e-4);
  EXPECT_EQ(tutorial.generator.learning_rate, 1e-4);
  EXPECT_EQ(tutorial.discriminator.learning_rate, 1e-4);
  EXPECT_EQ(large.generator.learning_rate, 2e-4);
  EXPECT_EQ(large.discriminator.learning_rate, 2e-4);
  for (const std::string& name : preset_names()) {
    const Config c = preset_config(name);
    EXPECT_EQ(c.preset, name);
    if (name == "modern" || task_of(name) == Task::classifier)
      continue;  // no original, or tested apart
    for (const AdamConfig& adam : {c.generator, c.discriminator}) {
      EXPECT_EQ(adam.beta1, name == "tf-tutorial" ? 0.9 : 0.5) << name;
      EXPECT_EQ(adam.beta2, 0.999);
      EXPECT_EQ(adam.epsilon, 1e-7);
    }
    const bool is_large = name == "vanilla-64", own = name.starts_with("dcgan-");
    EXPECT_EQ(c.batch_size, name == "dcgan-128" ? 64 : is_large || own ? 128 : 256);
    EXPECT_EQ(c.latent, is_large ? 64 : 100);
    EXPECT_EQ(c.leaky_slope, is_large || own ? 0.2 : 0.3);
    EXPECT_EQ(c.dropout, 0.3);
    EXPECT_EQ(c.label_smoothing, is_large ? 0.1 : 0.0);
    EXPECT_EQ(c.discriminator_steps, is_large ? 2 : 1);
    EXPECT_EQ(c.checkpoint_every, name == "tf-tutorial" ? 15 : is_large ? 10 : own ? 5 : 1);
  }
  EXPECT_EQ(vanilla.epochs, 10);
  EXPECT_EQ(dcgan.epochs, 10);
  EXPECT_EQ(tutorial.epochs, 50);
  EXPECT_EQ(large.epochs, 100);
  for (const char* name : {"dcgan-32", "dcgan-64", "dcgan-128"}) {  // Radford et al.
    EXPECT_EQ(preset_config(name).generator.learning_rate, 2e-4);
    EXPECT_EQ(preset_config(name).discriminator.learning_rate, 2e-4);
  }
}

// TensorFlow's "Basic classification: Classify images of clothing", and Keras's defaults.
TEST(Presets, ClassifierIsTheTutorials) {
  const Config config = preset_config("classifier");
  const ClassifierSpec spec = classifier_spec(config);
  EXPECT_EQ(words(spec.layers),
            (std::vector<std::string>{"Reshape 784", "Dense 128", "ReLU", "Dense 10"}));
  EXPECT_EQ(count(spec.layers, spec.image).trainable, 101'770);
  EXPECT_EQ(spec.name, "classifier");
  EXPECT_EQ(spec.image, (SampleShape{28, 28, 1}));
  EXPECT_EQ(spec.classes, 10);
  EXPECT_EQ(spec.pixels.offset, 0);
  EXPECT_EQ(spec.pixels.scale, 255);
  EXPECT_EQ(config.classifier.learning_rate, 1e-3);
  EXPECT_EQ(config.classifier.beta1, 0.9);
  EXPECT_EQ(config.classifier.beta2, 0.999);
  EXPECT_EQ(config.classifier.epsilon, 1e-7);
  EXPECT_EQ(config.batch_size, 32);
  EXPECT_EQ(config.epochs, 10);
  EXPECT_EQ(config.flip, 0);
}

// It ships with the program: below 150 thousand numbers, 600 kB.
TEST(Presets, JudgeIsSmallAndSeesAGeneratorsPixels) {
  const Config config = preset_config("judge");
  const ClassifierSpec spec = classifier_spec(config);
  const Count size = count(spec.layers, spec.image);
  EXPECT_LT(size.trainable + size.moving, 150'000);
  EXPECT_EQ(spec.pixels.offset, 127.5F);
  EXPECT_EQ(spec.pixels.scale, 127.5F);
  std::vector<std::string> layers = words(spec.layers);
  EXPECT_EQ(layers.back(), "Dense 10");
  EXPECT_EQ(layers[1], "BatchNorm momentum 0.99 epsilon 0.001");
  EXPECT_EQ(layers[2], "ReLU");
}

TEST(Presets, HaveATask) {
  for (const std::string& name : preset_names()) {
    const bool classifies = name == "classifier" || name == "judge";
    EXPECT_EQ(task_of(name), classifies ? Task::classifier : Task::gan) << name;
    Config config = preset_config(name);
    if (classifies)
      EXPECT_THROW(gan_spec(config), UsageError) << name;
    else
      EXPECT_THROW(classifier_spec(config), UsageError) << name;
  }
  EXPECT_THROW(task_of("another"), UsageError);
}

TEST(Presets, NetworksAreListedInTheOrderOfACheckpoint) {
  Config config = preset_config("dcgan-32");
  config.latent = 7;
  std::vector<NetworkSpec> networks = network_specs(config);
  ASSERT_EQ(networks.size(), 2U);
  EXPECT_EQ(networks[0].name, "generator");
  EXPECT_EQ(networks[0].input, (SampleShape{1, 1, 7}));
  EXPECT_EQ(words(networks[0].layers), words(gan_spec(config).generator));
  EXPECT_EQ(networks[0].rows_per_image, 1);
  EXPECT_EQ(networks[1].name, "discriminator");
  EXPECT_EQ(networks[1].input, (SampleShape{32, 32, 3}));
  EXPECT_EQ(words(networks[1].layers), words(gan_spec(config).discriminator));
  EXPECT_EQ(networks[1].rows_per_image, 2);
  config = preset_config("judge");
  networks = network_specs(config);
  ASSERT_EQ(networks.size(), 1U);
  EXPECT_EQ(networks[0].name, "judge");
  EXPECT_EQ(networks[0].input, (SampleShape{28, 28, 1}));
  EXPECT_EQ(networks[0].rows_per_image, 1);
  EXPECT_EQ(image_shape(config), (SampleShape{28, 28, 1}));
}

TEST(Presets, HaveTitles) {
  EXPECT_EQ(preset_title("vanilla"), "Vanilla GAN");
  EXPECT_EQ(preset_title("dcgan"), "DCGAN");
  EXPECT_EQ(preset_title("tf-tutorial"), "DCGAN of the TensorFlow tutorial");
  EXPECT_EQ(preset_title("vanilla-64"), "Vanilla GAN 64x64");
  EXPECT_EQ(preset_title("dcgan-128"), "DCGAN 128x128");
  EXPECT_THROW(preset_title("another"), UsageError);
}

TEST(Presets, AnUnknownOneIsRefusedWithTheKnownOnes) {
  Config config;
  config.preset = "stylegan";
  EXPECT_THROW(gan_spec(config), UsageError);
  try {
    preset_config("stylegan");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(),
                 "preset \"stylegan\" is not known; there are vanilla, dcgan, modern, tf-tutorial, "
                 "vanilla-64, dcgan-32, dcgan-64, dcgan-128, classifier, judge");
  }
}

}  // namespace
}  // namespace dcgan
