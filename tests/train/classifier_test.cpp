// What a classifier does besides following the reference: it learns, tells probabilities, needs
// labels, and is no GAN.
#include "train/classifier.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <numeric>

#include "backend/recording.h"
#include "dcgan/generator.h"
#include "dcgan/trainer.h"
#include "ref/network.h"
#include "temporary_folder.h"
#include "train/checkpoint.h"
#include "train/small_presets.h"

namespace dcgan::test {
namespace {

/// Pictures of one bright row each, which is that of their label.
Dataset stripes(std::int64_t count) {
  Dataset data;
  data.name = "stripes";
  data.count = count;
  data.height = data.width = 28;
  data.channels = 1;
  data.pixels.resize(static_cast<std::size_t>(count) * data.image_bytes());
  for (std::int64_t i = 0; i < count; ++i) {
    const auto label = static_cast<std::uint8_t>((i * 7 + i / 10) % 10);
    data.labels.push_back(label);
    std::fill_n(data.pixels.begin() + (i * 28 + 2 * label + 4) * 28, 28,
                static_cast<std::uint8_t>(200 + i % 50));
  }
  return data;
}

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

class Classifiers : public testing::TestWithParam<const char*> {
 protected:
  Config config = small_preset(GetParam());
};

TEST_P(Classifiers, LearnAndKnowImagesThatTheyHaveNotSeen) {
  config.epochs = 4;
  config.batch_norm_momentum = 0.5;  // the statistics of so short a training
  Trainer trainer(config, stripes(200), stripes(53));
  EXPECT_EQ(trainer.measure_names(), (std::vector<std::string>{"loss", "accuracy"}));
  while (trainer.state().step < trainer.total_steps()) trainer.train_step();
  const EpochRecord &first = trainer.state().history.front(),
                    &last = trainer.state().history.back();
  EXPECT_LT(last.means[0], 0.7 * first.means[0]);
  ASSERT_TRUE(last.test);
  EXPECT_GT((*last.test)[1], 0.9);
  EXPECT_LT((*last.test)[0], 0.7);
}

TEST_P(Classifiers, TellProbabilitiesThatTheReferenceTells) {
  config.width /= 2;
  Trainer trainer(config, stripes(20));
  for (int i = 0; i < 5; ++i) trainer.train_step();
  const TemporaryFolder folder;
  trainer.save(folder.path("file"));
  const SafetensorsFile file(folder.path("file"));
  const ClassifierSpec spec = classifier_spec(config);
  ref::Network network(spec.name, spec.layers, spec.image);
  for (auto& [name, value] : network.values) {
    const std::vector<float> stored = file.f32(name);
    value.assign(stored.begin(), stored.end());
  }
  const Dataset data = pictures(config, 11);  // more than a batch
  ref::Vector images;
  for (const std::uint8_t pixel : data.pixels)
    images.push_back(config.preset == "judge" ? (pixel - 127.5) / 127.5 : pixel / 255.0);
  const ref::Vector logits = network.infer(data.count, images);
  const std::vector<float> got = trainer.probabilities(data);
  ASSERT_EQ(got.size(), logits.size());
  for (std::size_t row = 0; row < logits.size(); row += 10) {
    double sum = 0;
    for (std::size_t c = 0; c < 10; ++c) sum += std::exp(logits[row + c]);
    for (std::size_t c = 0; c < 10; ++c)
      EXPECT_NEAR(static_cast<double>(got[row + c]), std::exp(logits[row + c]) / sum, 2e-6);
  }
}

// Neither between steps nor at an epoch's end.
TEST_P(Classifiers, AreNotChangedByTests) {
  Trainer alone(config, stripes(20)), tested(config, stripes(20), stripes(13));
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(alone.train_step().measures, tested.train_step().measures) << i;
    tested.probabilities(stripes(9));
  }
  const TemporaryFolder folder;
  alone.save(folder.path("alone"));
  tested.save(folder.path("tested"));
  const SafetensorsFile a(folder.path("alone")), b(folder.path("tested"));
  for (const auto& [name, entry] : a.entries()) EXPECT_EQ(a.f32(name), b.f32(name)) << name;
  EXPECT_FALSE(alone.state().history.at(0).test);
  EXPECT_TRUE(tested.state().history.at(0).test);
}

TEST_P(Classifiers, KeepTheirMeasuresInCheckpoints) {
  const TemporaryFolder folder;
  Trainer trainer(config, stripes(20), stripes(9));
  for (int i = 0; i < 4; ++i) trainer.train_step();
  trainer.save(folder.path("file"));
  const TrainingState& wanted = trainer.state();
  const SafetensorsFile file(folder.path("file"));
  const TrainingState got = read_checkpoint_header(file).state;
  EXPECT_EQ(got.sums, wanted.sums);
  ASSERT_EQ(got.history.size(), 1U);
  EXPECT_EQ(got.history[0].means, wanted.history[0].means);
  EXPECT_EQ(got.history[0].seconds, wanted.history[0].seconds);
  EXPECT_EQ(got.history[0].test, wanted.history[0].test);
  EXPECT_NE(wanted.history[0].test, wanted.history[0].means);
  for (const auto& [name, entry] : file.entries())
    EXPECT_NE(name.find(config.preset + "."), std::string::npos) << name;
}

TEST_P(Classifiers, HaveTheirFeaturesInFrontOfTheLastLayer) {
  const auto backend = make_backend("cpu", 1);
  Classifier classifier(*backend, config);
  Sequential& network = classifier.network();
  const auto features = static_cast<std::size_t>(network.last_layer_input().size());
  const std::vector<float> image(28 * 28, 0.5F);
  backend->upload(classifier.images(), image.data(), image.size() * sizeof(float));
  std::vector<float> logits(10), x(features), kernel(features * 10), bias(10);
  const float* y = network.forward(1, classifier.images(), Mode::inference);
  backend->download(logits.data(), y, logits.size() * sizeof(float));
  backend->download(x.data(), network.last_layer_x(), x.size() * sizeof(float));
  const TensorView& last = network.parameters()[network.parameters().size() - 2];
  backend->download(kernel.data(), network.values() + last.offset, kernel.size() * sizeof(float));
  for (std::size_t c = 0; c < 10; ++c) {
    double sum = 0;
    for (std::size_t i = 0; i < features; ++i)
      sum += static_cast<double>(x[i]) * static_cast<double>(kernel[i * 10 + c]);
    EXPECT_NEAR(static_cast<double>(logits[c]), sum, 1e-5);
  }
}

TEST_P(Classifiers, NeedALabelForEachImage) {
  Dataset data = stripes(20);
  data.labels.clear();
  const std::string said = refusal([&] { Trainer(config, data); });
  EXPECT_NE(said.find("'stripes' has no labels"), std::string::npos) << said;
  data.labels.assign(19, 0);
  EXPECT_NE(refusal([&] { Trainer(config, data); }), "");
  data.labels.assign(20, 9);
  EXPECT_EQ(refusal([&] { Trainer(config, data); }), "");
  data.labels.back() = 10;
  EXPECT_NE(refusal([&] { Trainer(config, data); }).find("a label 10, but"), std::string::npos);
  Config eleven = config;
  eleven.classes = 11;
  EXPECT_EQ(refusal([&] { Trainer(eleven, data).train_step(); }), "");
  EXPECT_NE(refusal([&] { Trainer(config, stripes(20), data); }).find("a label 10, but"),
            std::string::npos);
}

TEST_P(Classifiers, DrawNothing) {
  const TemporaryFolder folder;
  Trainer trainer(config, stripes(20));
  EXPECT_NE(refusal([&] { trainer.sample(1, 1); }).find("is a classifier, which draws no"),
            std::string::npos);
  trainer.save(folder.path("file"));
  const std::string said = refusal([&] { Generator generator(folder.path("file")); });
  EXPECT_TRUE(said.starts_with(folder.path("file") + ": it is of preset '" + config.preset + "'"))
      << said;
  EXPECT_NE(refusal([&] { gan_spec(config); }), "");
}

INSTANTIATE_TEST_SUITE_P(Presets, Classifiers, testing::Values("classifier", "judge"),
                         preset_test_name);

TEST(Gan, TellsNoClassesApart) {
  const Config config = small_preset("vanilla");
  Trainer trainer(config, pictures(config, 8));
  EXPECT_NE(refusal([&] { trainer.probabilities(pictures(config, 1)); }).find("is a GAN"),
            std::string::npos);
  EXPECT_THROW(classifier_spec(config), UsageError);
  // A test set is nothing to it.
  Trainer tested(config, pictures(config, 8), pictures(config, 8));
  tested.train_step();
  EXPECT_FALSE(tested.state().history.at(0).test);
}

TEST(Passes, OfAClassifierAreOneForwardAndOneBackward) {
  std::map<std::string, int> counts;
  const auto backend = make_backend("cpu", 1);
  const auto recorder = make_recording_backend(*backend, [&](const Op& op, const auto& run) {
    ++counts[op.direction.empty() ? op.name : op.name + " " + op.direction];
    run();
  });
  const Config config = small_preset("classifier");
  Classifier classifier(*recorder, config);
  counts.clear();
  const Buffer pixels = backend->allocate(8 * 784), labels = backend->allocate(8);
  classifier.train_step({pixels.u8(), 8, 0, 0, 8, 0, labels.u8()}, 0);
  EXPECT_EQ(counts["gather"], 2);
  EXPECT_EQ(counts["dense forward"], 2);
  EXPECT_EQ(counts["dense backward"], 1);
  EXPECT_EQ(counts["dense backward-weights"], 1);  // of the first layer, whose input needs none
  EXPECT_EQ(counts["softmax_loss"], 1);
  EXPECT_EQ(counts["adam"], 1);
}

}  // namespace
}  // namespace dcgan::test
