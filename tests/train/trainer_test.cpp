// What a Trainer accepts, and how it describes itself.
#include <gtest/gtest.h>

#include "backend/backend.h"
#include "dcgan/error.h"
#include "dcgan/trainer.h"
#include "train/small_presets.h"

namespace dcgan::test {
namespace {

// The notebook's presets train on 28x28 of one channel.
TEST(TrainerInput, MustHaveThePresetsShape) {
  const Config config = small_preset("vanilla");
  for (const SampleShape& wrong :
       {SampleShape{29, 28, 1}, SampleShape{28, 27, 1}, SampleShape{28, 28, 3}}) {
    try {
      Trainer trainer(config, pictures(4, wrong));
      ADD_FAILURE() << wrong.height << "x" << wrong.width << "x" << wrong.channels;
    } catch (const Error& e) {
      const std::string said = e.what(), shape = std::to_string(wrong.height) + "x" +
                                                 std::to_string(wrong.width) + "x" +
                                                 std::to_string(wrong.channels);
      EXPECT_NE(said.find("has images of " + shape), std::string::npos) << said;
      EXPECT_NE(said.find("trains on 28x28x1"), std::string::npos) << said;
    }
  }
}

TEST(TrainerInput, MustHaveAPicture) {
  const Config config = small_preset("vanilla");
  EXPECT_THROW(Trainer(config, pictures(0)), Error);
  Trainer trainer(config, pictures(1));
  EXPECT_EQ(trainer.steps_per_epoch(), 1);
  EXPECT_EQ(trainer.train_step().images, 1);
}

TEST(TrainerInput, OfClassesMustHaveTheirLabels) {
  Config config = small_preset("vanilla");
  const auto refusal = [&](const Dataset& data) -> std::string {
    try {
      Trainer(config, data).train_step();
      return "";
    } catch (const Error& e) {
      return e.what();
    }
  };
  EXPECT_EQ(refusal(pictures(20)), "");
  config.classes = 10;
  EXPECT_EQ(refusal(pictures(config, 20)), "");
  EXPECT_NE(refusal(pictures(20))
                .find("no labels, without which preset 'vanilla' cannot train "
                      "with classes=10"),
            std::string::npos);
  config.classes = 9;
  EXPECT_NE(refusal(pictures(config, 20)).find("--set classes=10 makes room"), std::string::npos);
}

// The counts of Keras's summary of the notebook's DCGAN.
TEST(TrainerDescription, HasTheNetworksSizes) {
  Config config = preset_config("dcgan");
  config.backend = "cpu";
  config.batch_size = 2;
  const Trainer trainer(config, pictures(2));
  const std::vector<NetworkInfo> networks = trainer.networks();
  ASSERT_EQ(networks.size(), 2U);
  EXPECT_EQ(networks[0].name, "generator");
  EXPECT_EQ(networks[0].parameters, 903'008);
  EXPECT_EQ(networks[0].moving_statistics, 12'736);
  EXPECT_EQ(networks[1].name, "discriminator");
  EXPECT_EQ(networks[1].parameters, 55'233);
  EXPECT_EQ(networks[1].moving_statistics, 0);
}

TEST(TrainerDescription, SaysWhichBackendsAutoSkippedAndWhy) {
  Config config = small_preset("vanilla");
  EXPECT_EQ(Trainer(config, pictures(2)).backend_description().find("; not "), std::string::npos);
  config.backend = "auto";
  const std::string text = Trainer(config, pictures(2)).backend_description();
  bool chosen = false;
  for (const BackendStatus& b : backend_statuses()) {
    const std::string passed_by = "; not " + b.name + ": " + b.why_unavailable;
    chosen = chosen || b.why_unavailable.empty();
    EXPECT_EQ(text.find(passed_by) != std::string::npos, !chosen) << passed_by << " in " << text;
  }
}

}  // namespace
}  // namespace dcgan::test
