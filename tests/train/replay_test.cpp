// Tapes that are whole, wrong or damaged. parity_test checks that whole ones give Keras's numbers.
#include "train/replay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "damage.h"
#include "dcgan/trainer.h"
#include "io/atomic_file.h"
#include "io/safetensors.h"
#include "temporary_folder.h"
#include "train/pictures.h"
#include "train/small_presets.h"

namespace dcgan::test {
namespace {

constexpr std::int64_t replayed_steps = 2, rows = 3, latent = 4;

class Replay : public testing::Test {
 protected:
  Replay() {
    config.backend = "cpu";
    config.threads = 1;
    config.latent = latent;
    config.width = 1.0 / 64;  // hidden layers of 8, 4 and 2
    config.batch_size = 8;
    Trainer(config, pictures(8)).save(files.weights);
  }

  /// A whole tape; `change` may damage it before it is written.
  template <class Change>
  void write_tape(Change change) {
    real.assign(replayed_steps * rows * 28 * 28, 0.25F);
    noise.assign(replayed_steps * rows * latent, -0.5F);
    masks.assign(replayed_steps * rows * 8, 1);
    std::vector<TensorToWrite> tensors = {
        {"real", DType::f32, {replayed_steps, rows, 28, 28, 1}, real.data()},
        {"noise", DType::f32, {replayed_steps, rows, latent}, noise.data()}};
    std::int64_t units = 8;
    for (int n = 1; n <= 3; ++n, units /= 2)
      for (const char* half : {"mask.real.dropout", "mask.fake.dropout"})
        tensors.push_back(
            {half + std::to_string(n), DType::u8, {replayed_steps, rows, units}, masks.data()});
    change(tensors);
    write_safetensors(files.tape, tensors);
  }
  void write_tape() {
    write_tape([](auto&) {});
  }
  std::string refusal() {
    try {
      replay(config, files);
    } catch (const Error& e) {
      EXPECT_FALSE(std::filesystem::exists(files.result));
      return e.what();
    }
    return "was replayed";
  }

  TemporaryFolder folder;
  ReplayFiles files{folder.path("weights"), folder.path("tape"), folder.path("result")};
  Config config = preset_config("vanilla");
  std::vector<float> real, noise;
  std::vector<std::uint8_t> masks;
};

TEST_F(Replay, TakesATapeOfOneStepAndOneImage) {
  write_tape([](auto& tensors) {
    for (TensorToWrite& tensor : tensors) tensor.shape[0] = tensor.shape[1] = 1;
  });
  replay(config, files);
  const SafetensorsFile result(files.result);
  EXPECT_EQ(result.shape("loss.generator"), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(result.shape("fake"), (std::vector<std::int64_t>{1, 28, 28, 1}));
}

TEST_F(Replay, WritesLossesGradientsAndTheFinalState) {
  write_tape();
  replay(config, files);
  const SafetensorsFile result(files.result);
  EXPECT_EQ(result.shape("loss.generator"), (std::vector<std::int64_t>{replayed_steps}));
  EXPECT_EQ(result.shape("fake"), (std::vector<std::int64_t>{rows, 28, 28, 1}));
  for (const char* name :
       {"loss.discriminator", "grad.generator.dense1.kernel", "generator.dense1.kernel",
        "adam.m.discriminator.dense4.bias", "adam.v.discriminator.dense4.bias"})
    EXPECT_TRUE(result.contains(name)) << name;
}

TEST_F(Replay, MasksMustBeZerosAndOnesAndFitTheLayers) {
  write_tape([&](auto&) { masks.back() = 2; });
  EXPECT_NE(refusal().find("other than 0 and 1"), std::string::npos) << refusal();
  write_tape([](auto& tensors) { tensors.back().shape = {replayed_steps, rows, 1}; });
  EXPECT_NE(refusal().find("mask.fake.dropout3"), std::string::npos) << refusal();
  write_tape([](auto& tensors) { tensors.pop_back(); });
  EXPECT_NE(refusal().find("mask.fake.dropout3"), std::string::npos) << refusal();
}

// Masks of other passes, or of none, are refused; each pass uses its own.
TEST_F(Replay, EachOfSeveralDiscriminatorStepsUsesItsOwnMasks) {
  config.discriminator_steps = 2;
  write_tape();
  EXPECT_NE(refusal().find("mask.real.dropout1"), std::string::npos) << refusal();
  std::vector<std::uint8_t> by_pass(replayed_steps * 3 * rows * 8, 1);
  const auto alternating = [&](auto& tensors) {
    for (TensorToWrite& t : tensors) {
      if (t.dtype != DType::u8) continue;
      t.shape.insert(t.shape.begin() + 1, t.name.starts_with("mask.real") ? 2 : 3);
      t.data = by_pass.data();
    }
  };
  write_tape(alternating);
  const auto losses = [&] {
    replay(config, files);
    const SafetensorsFile result(files.result);
    return std::pair{result.f32("loss.discriminator"), result.f32("loss.generator")};
  };
  const auto all_kept = losses();
  // Of the first step the generator's pass alone, in the first layer: the last of three.
  std::fill_n(by_pass.begin() + 2 * rows * 8, rows * 8, std::uint8_t{0});
  std::vector<std::uint8_t> ones(by_pass.size(), 1);
  write_tape([&](auto& tensors) {
    alternating(tensors);
    for (TensorToWrite& t : tensors)
      if (t.dtype == DType::u8 && t.name != "mask.fake.dropout1") t.data = ones.data();
  });
  const auto dropped = losses();
  EXPECT_EQ(all_kept.first[0], dropped.first[0]);
  EXPECT_NE(all_kept.second[0], dropped.second[0]);
}

TEST_F(Replay, AbsurdBatchesAreRefused) {
  for (const std::vector<std::int64_t>& shape :
       {std::vector<std::int64_t>{0, rows, 28, 28, 1}, {replayed_steps, 0, 28, 28, 1}, {}}) {
    write_tape([&](auto& tensors) { tensors.front().shape = shape; });
    EXPECT_NE(refusal().find("real has shape"), std::string::npos) << refusal();
  }
}

/// A tape of the preset classifier.
class ClassifierReplay : public Replay {
 protected:
  ClassifierReplay() {
    config = small_preset("classifier");
    Trainer(config, pictures(config, 8)).save(files.weights);
  }
  void write_classifier_tape() {
    images.assign(replayed_steps * rows * 28 * 28, 0.25F);
    write_safetensors(files.tape, {{"images", DType::f32, image_shape, images.data()},
                                   {"labels", DType::f32, {replayed_steps, rows}, labels.data()}});
  }
  std::vector<std::int64_t> image_shape{replayed_steps, rows, 28, 28, 1};
  std::vector<float> images, labels{0, 3, 9, 1, 2, 4};
};

TEST_F(ClassifierReplay, WritesMeasuresGradientsAndTheFinalState) {
  write_classifier_tape();
  replay(config, files);
  const SafetensorsFile result(files.result);
  EXPECT_EQ(result.shape("loss"), (std::vector<std::int64_t>{replayed_steps}));
  EXPECT_EQ(result.shape("accuracy"), (std::vector<std::int64_t>{replayed_steps}));
  EXPECT_FALSE(result.contains("fake"));
  for (const char* name : {"grad.classifier.dense1.kernel", "classifier.dense2.bias",
                           "adam.m.classifier.dense1.bias", "adam.v.classifier.dense2.kernel"})
    EXPECT_TRUE(result.contains(name)) << name;
}

TEST_F(ClassifierReplay, LabelsMustBeClasses) {
  for (const float wrong : {10.0F, -1.0F, 0.5F, std::nanf("")}) {
    labels[4] = wrong;
    write_classifier_tape();
    EXPECT_NE(refusal().find("labels holds values that are no class"), std::string::npos)
        << wrong << ": " << refusal();
  }
}

TEST_F(ClassifierReplay, OtherTapesAreRefused) {
  image_shape = {replayed_steps, rows, 784};
  write_classifier_tape();
  EXPECT_NE(refusal().find("images has shape"), std::string::npos) << refusal();
  image_shape = {replayed_steps, rows, 28, 28, 1};
  write_classifier_tape();
  config.dropout = 0.5;
  EXPECT_NE(refusal().find("dropout=0"), std::string::npos) << refusal();
  config = small_preset("vanilla");
  EXPECT_NE(refusal(), "was replayed");
}

TEST_F(Replay, DamagedHeadersAreRefusedOrHarmless) {
  write_tape();
  const std::string whole = read_file(files.tape);
  const std::size_t header_bytes = 8 + 700;
  Damage damage(5);
  int refused = 0;
  for (int trial = 0; trial < 150; ++trial) {
    folder.write("tape", damage(whole.substr(0, header_bytes)) + whole.substr(header_bytes));
    try {
      replay(config, files);
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace dcgan::test
