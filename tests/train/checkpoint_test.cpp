// What a checkpoint says about itself, and which ones are refused.
#include "train/checkpoint.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "dcgan/error.h"
#include "io/atomic_file.h"
#include "temporary_folder.h"
#include "train/small_presets.h"

namespace dcgan::test {
namespace {

using nlohmann::json;

/// 20 pictures: epochs of three steps.
class Checkpoint : public testing::Test {
 protected:
  Checkpoint() {
    config_.width = 1.0 / 64;
    config_.seed = 77;
    config_.threads = 1;
  }
  std::string save_after(int steps) {
    Trainer trainer(config_, pictures(config_, 20));
    for (int i = 0; i < steps; ++i) trainer.train_step();
    state_ = trainer.state();
    trainer.save(file_);
    return file_;
  }
  /// The checkpoint with other metadata and no tensors.
  template <class Change>
  std::string changed(const Change& change) {
    std::map<std::string, std::string> metadata = SafetensorsFile(file_).metadata();
    change(metadata);
    write_safetensors(folder_.path("changed"), {}, metadata);
    return folder_.path("changed");
  }
  template <class Change>
  std::string changed_state(const Change& change) {
    return changed([&](auto& metadata) {
      json state = json::parse(metadata.at("state"));
      change(state);
      metadata["state"] = state.dump();
    });
  }
  static CheckpointHeader read(const std::string& path) {
    return read_checkpoint_header(SafetensorsFile(path));
  }
  static std::string refusal(const std::string& path) {
    try {
      read(path);
    } catch (const Error& e) {
      return e.what();
    }
    return "was read";
  }

  const TemporaryFolder folder_;
  const std::string file_ = folder_.path("checkpoint");
  Config config_ = small_preset("vanilla");
  TrainingState state_;
};

TEST_F(Checkpoint, ASnapshotIsOfItsMomentAndOutlivesTheTrainer) {
  std::function<void(const std::string&)> write;
  {
    Trainer trainer(config_, pictures(config_, 20));
    for (int i = 0; i < 4; ++i) trainer.train_step();
    trainer.save(file_);
    write = trainer.snapshot();
    trainer.train_step();
  }
  for (const std::string name : {"once", "twice"}) {
    write(folder_.path(name));
    EXPECT_TRUE(read_file(folder_.path(name)) == read_file(file_)) << name;
  }
}

TEST_F(Checkpoint, HasItsFormatAndProgressInItsMetadata) {
  const SafetensorsFile file(save_after(4));
  EXPECT_EQ(file.metadata().at("format"), "dcgan_cuda checkpoint");
  EXPECT_EQ(file.metadata().at("format_version"), "1");
  EXPECT_EQ(file.metadata().at("seed"), "77");
  EXPECT_EQ(file.metadata().at("step"), "4");
  EXPECT_EQ(file.metadata().at("epoch"), "1");
}

TEST_F(Checkpoint, HoldsTheSettingsAndTheStateToTheBit) {
  const CheckpointHeader header = read(save_after(5));
  config_.data_checksum = checksum(pictures(config_, 20));
  EXPECT_EQ(to_json(header.config), to_json(config_));
  EXPECT_EQ(header.state.step, 5);
  EXPECT_EQ(header.state.steps_in_epoch, 2);
  EXPECT_EQ(header.state.images_in_epoch, 16);
  EXPECT_EQ(header.state.sums[0], state_.sums[0]);
  EXPECT_EQ(header.state.sums[1], state_.sums[1]);
  EXPECT_EQ(header.state.epoch_seconds, state_.epoch_seconds);
  ASSERT_EQ(header.state.history.size(), 1U);
  const EpochRecord &got = header.state.history[0], &wanted = state_.history[0];
  EXPECT_EQ(got.epoch, 1);
  EXPECT_EQ(got.means[0], wanted.means[0]);
  EXPECT_EQ(got.means[1], wanted.means[1]);
  EXPECT_EQ(got.seconds, wanted.seconds);
  // Numbers that are easily confused.
  EXPECT_NE(wanted.means[0], wanted.means[1]);
  EXPECT_NE(wanted.means[0], wanted.seconds);
}

TEST_F(Checkpoint, KeepsLossesThatAreNotFinite) {
  save_after(4);
  const CheckpointHeader header = read(changed_state([](json& state) {
    state["sum_loss_generator"] = nullptr;
    state["history"][0][2] = nullptr;
  }));
  EXPECT_TRUE(std::isnan(header.state.sums[0]));
  EXPECT_FALSE(std::isnan(header.state.sums[1]));
  EXPECT_TRUE(std::isnan(header.state.history.at(0).means[1]));
}

TEST_F(Checkpoint, IsRefusedIfDamagedOrAnotherFormat) {
  save_after(1);
  const auto expect_refused = [](const std::string& path, const std::string& why) {
    EXPECT_NE(refusal(path).find(why), std::string::npos) << refusal(path);
  };
  for (const char* key : {"format", "format_version", "config", "state"})
    expect_refused(changed([&](auto& metadata) { metadata.erase(key); }),
                   "(no '" + std::string(key) + "' in its metadata)");
  expect_refused(changed([](auto& metadata) { metadata["format"] = "cheese"; }),
                 "not a dcgan_cuda checkpoint");
  expect_refused(changed([](auto& metadata) { metadata["format_version"] = "2"; }),
                 "checkpoint format 2, but this version reads 1");
  expect_refused(changed([](auto& metadata) { metadata["config"] = "{"; }), "not valid JSON");
  for (const char* key : {"step", "steps_in_epoch"}) {
    for (const std::int64_t steps : {std::int64_t{-1}, std::int64_t{1'000'000'000'001}})
      expect_refused(changed_state([&](json& state) { state[key] = steps; }),
                     "a step number out of range");
    expect_refused(changed_state([&](json& state) { state.erase(key); }),
                   "training state cannot be read");
  }
  expect_refused(changed_state([](json& state) { state["images_in_epoch"] = -1; }),
                 "a negative number of images");
}

TEST_F(Checkpoint, OfFormerVersionsKnowsHowManyImagesItsStepsTook) {
  save_after(5);
  const TrainingState state = read(changed_state([](json& s) {
                                s.erase("images_in_epoch");
                                s.erase("changes");
                              })).state;
  EXPECT_EQ(state.images_in_epoch, 16);
  EXPECT_TRUE(state.changes.empty());
}

TEST_F(Checkpoint, OfOtherPicturesIsRefusedUnlessTheyAreAskedFor) {
  Dataset other = pictures(config_, 20);
  other.pixels[7] ^= 1;
  Config config = checkpoint_config(save_after(4));
  EXPECT_NO_THROW(Trainer(config, pictures(config_, 20)));
  try {
    Trainer(config, other);
    ADD_FAILURE() << "was taken";
  } catch (const Error& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("'test'"), std::string::npos) << what;
    EXPECT_NE(what.find(checksum(other)), std::string::npos) << what;
    EXPECT_NE(what.find("--data"), std::string::npos) << what;
  }
  config.data_checksum.clear();
  Trainer asked(config, other);
  asked.load(file_);
  EXPECT_EQ(asked.config().data_checksum, checksum(other));
  ASSERT_EQ(asked.state().changes.size(), 1U);
  EXPECT_EQ(asked.state().changes[0].key, "data_checksum");
}

// Every byte of the data, and what the metadata say.
TEST_F(Checkpoint, WithAFlippedBitIsRefused) {
  save_after(1);
  const std::string whole = read_file(file_);
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, whole.data(), sizeof header_bytes);
  const std::size_t data_begin = sizeof header_bytes + header_bytes;
  const std::size_t learning_rate = whole.find("0.0002");
  ASSERT_LT(learning_rate, data_begin);
  for (const std::size_t at : {data_begin, data_begin + 12'345, whole.size() - 1, learning_rate}) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    folder_.write("flipped", flipped);
    Trainer trainer(config_, pictures(config_, 20));
    try {
      trainer.load(folder_.path("flipped"));
      ADD_FAILURE() << at << " was loaded";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("flipped: it is damaged"), std::string::npos)
          << error.what();
    }
    EXPECT_EQ(trainer.state().step, 0);
  }
}

TEST_F(Checkpoint, OfEveryStepIsLoaded) {
  for (const int steps : {0, 1, 2, 3, 4, 6}) {
    save_after(steps);
    Trainer trainer(config_, pictures(config_, 20));
    EXPECT_NO_THROW(trainer.load(file_)) << steps;
    EXPECT_EQ(trainer.state().step, steps);
  }
}

TEST_F(Checkpoint, OfAnotherDataSetIsRefused) {
  const auto refused_by = [&](std::int64_t count) {
    Trainer trainer(config_, pictures(config_, count));
    try {
      trainer.load(file_);
    } catch (const Error& e) {
      EXPECT_EQ(trainer.state().step, 0);
      return std::string(e.what()).find("not trained on 'test'") != std::string::npos;
    }
    return false;
  };
  // Step 4 is the second of the second epoch. In epochs of four steps it would be the second
  // epoch's beginning, in epochs of two the third's.
  save_after(4);
  EXPECT_FALSE(refused_by(24));
  EXPECT_TRUE(refused_by(32));
  EXPECT_TRUE(refused_by(16));
  // Step 6 begins an epoch, in epochs of two steps another one.
  save_after(6);
  EXPECT_FALSE(refused_by(20));
  EXPECT_TRUE(refused_by(16));
}

// Before networks are allocated that it cannot hold.
TEST_F(Checkpoint, SmallerThanItsNetworksIsRefused) {
  config_ = small_preset("dcgan");
  config_.width = 1.0 / 64;
  config_.threads = 1;
  const Trainer trainer(config_, pictures(config_, 8));
  std::int64_t values = 0;
  for (const NetworkInfo& n : trainer.networks()) values += n.parameters + n.moving_statistics;
  ASSERT_GT(trainer.networks()[0].moving_statistics, 0);
  const std::vector<float> zeros(static_cast<std::size_t>(values));
  const auto refusal_of = [&](std::int64_t held) -> std::string {
    write_safetensors(file_, {{"x", DType::f32, {held}, zeros.data()}});
    try {
      check_size(SafetensorsFile(file_), config_);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(refusal_of(values), "");
  EXPECT_EQ(refusal_of(values - 1), file_ + ": its settings describe networks of " +
                                        std::to_string(values) +
                                        " numbers, which it does not hold");
  save_after(0);
  EXPECT_THROW(checkpoint_config(changed([](auto&) {})), Error);
}

}  // namespace
}  // namespace dcgan::test
