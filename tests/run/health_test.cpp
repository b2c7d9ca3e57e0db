// When a run says that it has gone wrong.
#include "run/health.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "train/pictures.h"

namespace dcgan::test {
namespace {

TEST(Spread, IsTheMeanDeviationOverThePictures) {
  // Two values each: 1, 3 deviate by 1; 5, 5 by 0.
  EXPECT_DOUBLE_EQ(spread({1, 5, 3, 5}, 2), 0.5);
  EXPECT_DOUBLE_EQ(spread({0, 0, 6}, 1), std::sqrt(8.0));
}

TEST(Divergence, IsALossThatIsNotFinite) {
  StepResult step;
  step.step = 12;
  step.epoch = 3;
  step.measures = {1e30, 1, 0};
  const std::vector<std::string> names = {"loss", "accuracy"};
  EXPECT_EQ(divergence(step, names), "");
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::infinity()}) {
    step.measures = {bad, 1, 0};
    EXPECT_NE(divergence(step, names).find("at step 12 (epoch 3) loss is no"), std::string::npos);
    EXPECT_NE(divergence(step, names).find(" classifier.learning_rate"), std::string::npos);
    step.measures = {1, bad, 0};
    EXPECT_NE(divergence(step, names).find("accuracy is no"), std::string::npos);
    EXPECT_NE(divergence(step, {"loss_generator", "loss_discriminator"}).find(" discriminator.lea"),
              std::string::npos);
    step.measures = {1, 1, bad};  // there is no third
    EXPECT_EQ(divergence(step, names), "");
  }
}

/// Two pictures of 8 x 8.
class Collapse : public testing::Test {
 protected:
  std::string warning(double g, double d, std::int64_t step, float variety) {
    std::vector<float> samples;
    for (int picture = 0; picture < 16; ++picture)
      for (int i = 0; i < 64; ++i) samples.push_back(variety * static_cast<float>(picture % 2));
    return watch_.after_epoch({7, {g, d}, 1, {}}, step, samples);
  }
  CollapseWatch watch_{pictures(100, {8, 8, 1})};
};

TEST_F(Collapse, OfAHealthyRunIsNotNamed) {
  EXPECT_EQ(warning(1, 1, 1000, 1), "");
  EXPECT_EQ(warning(9, 0.02, 1000, 1), "");  // a strong discriminator, and no more
  EXPECT_EQ(warning(6, 0.001, 1000, 1), "");
  EXPECT_EQ(warning(7, 0.01, 1000, 1), "");
}

TEST_F(Collapse, OfTheLossesIsNamedOnce) {
  const std::string said = warning(6.5, 0.009, 640, 1);
  EXPECT_NE(said.find("epoch 7 (step 640): the discriminator"), std::string::npos) << said;
  EXPECT_NE(said.find("discriminator.learning_rate"), std::string::npos);
  EXPECT_NE(said.find("(losses 0.0090 and 6.5)"), std::string::npos) << said;
  EXPECT_EQ(warning(8, 0.001, 650, 1), "");
  EXPECT_NE(warning(8, 0.001, 650, 0), "");  // of the pictures
}

TEST_F(Collapse, OfThePicturesIsNamedOnceTheGeneratorIsGrown) {
  EXPECT_EQ(warning(1, 1, 499, 0), "");
  const std::string said = warning(1, 1, 500, 0);
  EXPECT_NE(said.find("all alike"), std::string::npos) << said;
  EXPECT_EQ(warning(1, 1, 501, 0), "");
}

// Of the first 64 pictures. Samples that are 0 and v by turns deviate by half of v.
TEST_F(Collapse, IsATwentiethOfTheDatasVariety) {
  const Dataset data = pictures(64, {8, 8, 1});
  std::vector<float> real;
  for (const std::uint8_t pixel : data.pixels) real.push_back(static_cast<float>(pixel) / 127.5F);
  const auto boundary = static_cast<float>(2 * spread(real, 64) / 20);
  EXPECT_EQ(warning(1, 1, 500, 1.001F * boundary), "");
  EXPECT_NE(warning(1, 1, 500, 0.999F * boundary), "");
}

TEST_F(Collapse, IsNotSeenWithoutPictures) {
  EXPECT_EQ(watch_.after_epoch({7, {1, 1}, 1, {}}, 1000, {}), "");
}

}  // namespace
}  // namespace dcgan::test
