// A device that is ahead of the host trains as one that waits for it does: the same results in the
// same order, the same weights, whenever it is stopped.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "backend/backend.h"
#include "dcgan/error.h"
#include "dcgan/trainer.h"
#include "io/safetensors.h"
#include "temporary_folder.h"
#include "train/small_presets.h"
#include "train/step_states.h"
#include "usable_backends.h"

namespace dcgan::test {
namespace {

constexpr int steps_ahead = 11;  // of epochs of 5, the last of which has 2 pictures

Config config_of(const std::string& preset, const std::string& backend) {
  Config config = small_preset(preset);
  config.width = 1.0 / 32;
  config.latent = 6;
  config.batch_size = 4;
  config.backend = backend;
  config.flip = 1;
  config.generator.final_learning_rate = 1e-5;
  return config;
}

struct Trained {
  std::vector<StepResult> results;
  std::vector<Measures> epochs;
  std::vector<std::vector<float>> tensors, samples;  // at each epoch's end
};

void note(Trained& trained, const StepResult& step, Trainer& trainer) {
  trained.results.push_back(step);
  if (!step.ends_epoch) return;
  trained.epochs.push_back(trainer.state().history.back().means);
  if (trainer.measure_names().size() > 1 && trainer.networks().size() > 1)
    trained.samples.push_back(trainer.sample(3, 5));
}

void finish(Trained& trained, Trainer& trainer) {
  const TemporaryFolder folder;
  trainer.save(folder.path("saved"));
  const SafetensorsFile file(folder.path("saved"));
  for (const auto& [name, entry] : file.entries()) trained.tensors.push_back(file.f32(name));
}

Trained step_by_step(const Config& config) {
  Trainer trainer(config, pictures(config, 18));
  Trained trained;
  for (int i = 0; i < steps_ahead; ++i) note(trained, trainer.train_step(), trainer);
  finish(trained, trainer);
  return trained;
}

/// stop_at: steps at which on_step ends the training, which is then called for again.
Trained ahead(const Config& config, std::vector<std::int64_t> stop_at = {}) {
  Trainer trainer(config, pictures(config, 18));
  Trained trained;
  while (trainer.state().step < steps_ahead)
    trainer.train(steps_ahead - trainer.state().step, [&](const StepResult& step) {
      EXPECT_EQ(trainer.state().step, step.step);
      note(trained, step, trainer);
      return std::find(stop_at.begin(), stop_at.end(), step.step) == stop_at.end();
    });
  finish(trained, trainer);
  return trained;
}

void expect_same(const Trained& a, const Trained& b) {
  ASSERT_EQ(a.results.size(), b.results.size());
  for (std::size_t i = 0; i < a.results.size(); ++i) {
    EXPECT_EQ(a.results[i].step, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(a.results[i].step, b.results[i].step);
    EXPECT_EQ(a.results[i].epoch, b.results[i].epoch) << i;
    EXPECT_EQ(a.results[i].images, b.results[i].images) << i;
    EXPECT_EQ(a.results[i].ends_epoch, b.results[i].ends_epoch) << i;
    EXPECT_EQ(a.results[i].measures, b.results[i].measures) << i;
  }
  EXPECT_EQ(a.epochs, b.epochs);
  EXPECT_EQ(a.samples, b.samples);
  EXPECT_EQ(a.tensors, b.tensors);
}

class Ahead : public testing::TestWithParam<std::string> {};

TEST_P(Ahead, TrainsAsStepByStep) {
  for (const char* preset : {"vanilla", "dcgan", "modern", "tf-tutorial", "classifier"}) {
    SCOPED_TRACE(preset);
    // In check mode the smallest of those with images and with labels will do.
    const bool slow = std::string(preset) == "dcgan" || std::string(preset) == "modern";
    if (GetParam() == "simt-check" && slow) continue;
    const Config config = config_of(preset, GetParam());
    const Trained expected = step_by_step(config);
    EXPECT_EQ(expected.epochs.size(), 2U);
    expect_same(ahead(config), expected);
  }
}

TEST_P(Ahead, AlternatingStepsDoSo) {
  Config config = config_of("vanilla", GetParam());
  config.discriminator_steps = 3;
  expect_same(ahead(config), step_by_step(config));
}

TEST_P(Ahead, StopsAndGoesOn) {
  const Config config = config_of("vanilla", GetParam());
  expect_same(ahead(config, {1, 2, 3, 5, 7, 8}), step_by_step(config));
}

TEST_P(Ahead, TellsOfEveryStepThatWasTaken) {
  const Config config = config_of("vanilla", GetParam());
  Trainer trainer(config, pictures(config, 4 * 80));
  for (int i = 0; i < 4; ++i) trainer.train_step();
  std::int64_t told = 4;
  trainer.train(70, [&](const StepResult& step) {
    EXPECT_EQ(step.step, ++told);
    return step.step < 6;
  });
  EXPECT_EQ(trainer.state().step, told);
  EXPECT_GE(told, 6);
  EXPECT_LE(told, 4 + 2 * StepStates::most_steps);
}

/// A device is ahead once steps have been timed.
TEST_P(Ahead, CannotBeSampledBetweenTwoSteps) {
  const Config config = config_of("vanilla", GetParam());
  Trainer trainer(config, pictures(config, 4 * 80));
  int refused = 0, at_rest = 0;
  trainer.train(70, [&](const StepResult&) {
    try {
      trainer.sample(1, 1);
      ++at_rest;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("ahead"), std::string::npos) << e.what();
      ++refused;
    }
    return true;
  });
  EXPECT_EQ(refused + at_rest, 70);
  EXPECT_EQ(refused > 0, make_backend(GetParam())->asynchronous());
  EXPECT_GT(at_rest, 0) << "the last one";
  EXPECT_EQ(trainer.sample(1, 1).size(), 28U * 28U);
}

TEST_P(Ahead, AnErrorOfOnStepEndsIt) {
  const Config config = config_of("vanilla", GetParam());
  Trainer trainer(config, pictures(config, 4 * 80));
  EXPECT_THROW(trainer.train(70,
                             [&](const StepResult& step) {
                               if (step.step == 9) throw Error("made up");
                               return true;
                             }),
               Error);
  EXPECT_EQ(trainer.state().step, 9);
}

INSTANTIATE_TEST_SUITE_P(Backends, Ahead, testing::ValuesIn(usable_backends()), backend_test_name);

TEST(StepStatesTest, HoldSoManySteps) {
  const auto backend = make_backend("cpu");
  StepStates states(*backend, 2);
  std::vector<StepState> sent(StepStates::most_steps);
  for (StepState& s : sent) s.updates.resize(2);
  for (std::size_t i = 0; i < sent.size(); ++i) {
    sent[i].step = 100 + i;
    sent[i].epoch = 7 * i;
    sent[i].first = static_cast<std::int64_t>(i) * 1000;
    sent[i].average = {static_cast<float>(i), 0.5F};
    sent[i].updates[0].alpha = 1.0F + static_cast<float>(i);
    sent[i].updates[1].epsilon = 2.0F + static_cast<float>(i);
  }
  states.send(sent);
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(*states.step(), 100 + i);
    EXPECT_EQ(*states.epoch(), 7 * i);
    EXPECT_EQ(*states.first(), static_cast<std::int64_t>(i) * 1000);
    EXPECT_EQ(states.average()[0], static_cast<float>(i));
    EXPECT_EQ(states.average()[1], 0.5F);
    EXPECT_EQ(states.update(0)->alpha, 1.0F + static_cast<float>(i));
    EXPECT_EQ(states.update(1)->epsilon, 2.0F + static_cast<float>(i));
    for (std::size_t m = 0; m < 3; ++m) states.measures()[m] = static_cast<float>(10 * i + m);
    states.end();
  }
  states.begin_download(StepStates::most_steps);
  states.begin_download(2);
  EXPECT_THROW(states.begin_download(1), Error) << "two are enough";
  const std::vector<StepStates::StepMeasures> all = states.finish_download();
  ASSERT_EQ(all.size(), sent.size());
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t m = 0; m < 3; ++m) EXPECT_EQ(all[i][m], static_cast<float>(10 * i + m));
  EXPECT_EQ(states.finish_download().size(), 2U);
  EXPECT_THROW(states.send({}), Error);
  sent.emplace_back();
  EXPECT_THROW(states.send(sent), Error);
}

}  // namespace
}  // namespace dcgan::test
