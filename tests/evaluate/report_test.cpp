// All figures of an evaluation, and how they are shown.
#include "evaluate/report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "dcgan/error.h"

namespace dcgan::test {
namespace {

constexpr std::int64_t size = 3;

/// Random features times `scale`; of classes, the first `classes` of three by turns.
Judged judged(std::size_t count, unsigned seed, float scale = 1, std::size_t classes = 3) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Judged all;
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t c = 0; c < 3; ++c) {
      all.features.push_back(normal(random) * scale);
      all.logits.push_back(c == i % classes ? 1.0F : 0.0F);
    }
  return all;
}

Features described(const Judged& j) { return describe_features(j.features, size, 1); }

void expect_equal(const Distances& a, const Distances& b) {
  EXPECT_EQ(a.frechet, b.frechet);
  EXPECT_EQ(a.kernel, b.kernel);
  EXPECT_EQ(a.precision, b.precision);
  EXPECT_EQ(a.recall, b.recall);
  EXPECT_EQ(a.density, b.density);
  EXPECT_EQ(a.coverage, b.coverage);
}

TEST(Evaluate, ComparesSamplesAndTrainingImagesWithTestImages) {
  const Judged samples = judged(60, 1, 2, 2), training = judged(90, 2), test = judged(70, 3);
  const Evaluation e = evaluate(samples, describe_real(training, test, size, 2), 2);
  EXPECT_EQ(e.test_images, 70);
  EXPECT_EQ(e.generated.samples, 60);
  EXPECT_EQ(e.real.samples, 90);
  expect_equal(e.generated.distances, compare(described(test), described(samples), 1));
  expect_equal(e.real.distances, compare(described(test), described(training), 1));
  EXPECT_EQ(e.generated.spread, described(samples).spread());
  EXPECT_EQ(e.generated.shares, (std::vector<double>{.5, .5, 0}));
  ASSERT_EQ(e.generated.classes.size(), 60U);
  for (std::size_t i = 0; i < 60; ++i) EXPECT_EQ(e.generated.classes[i], int(i % 2)) << i;
  EXPECT_EQ(e.real.shares, (std::vector<double>(3, 30 / 90.0)));
  EXPECT_DOUBLE_EQ(e.generated.class_entropy, std::log(2));
  EXPECT_DOUBLE_EQ(e.generated.effective_classes(), 2);
  EXPECT_FALSE(e.collapsed());
}

TEST(Evaluate, NamesTheSetThatCannotBeCompared) {
  const auto refusal = [](const Judged& a, const Judged& b, const Judged& c) -> std::string {
    try {
      evaluate(a, describe_real(b, c, size, 1), 1);
    } catch (const Error& e) {
      return e.what();
    }
    return "was compared";
  };
  const Judged good = judged(9, 1);
  Judged bad = good;
  bad.features[4] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(refusal(bad, good, good).find("samples: features: those of picture 2 "), 0U);
  EXPECT_EQ(refusal(good, bad, good).find("training images: "), 0U);
  EXPECT_EQ(refusal(good, good, bad).find("test images: "), 0U);
}

/// One whose figures all differ.
Evaluation made_up() {
  Evaluation e;
  e.samples = "x\x1b.npy";
  e.data = "clothes";
  e.judge_accuracy = .9375;
  e.class_names = {"shirt", "bag"};
  e.test_images = 700;
  e.generated = {10, {1.25, -.000125, .5, .25, .125, .75}, 7.5, {.25, .75, 0}, std::log(2)};
  e.real = {20, {.5, .000375, .875, .9375, 1.0625, .96875}, 8.5, {.5, .25, .25}, std::log(3)};
  return e;
}

TEST(Table, HasEachFigureBesideThatOfRealImages) {
  const std::string text = to_table(made_up());
  for (const char* line : {"x\\x1b.npy beside the 700 test images of clothes\n",
                           "the judge classifies 93.8 % of these right\n\n",
                           "                               samples    real beside real\n",
                           "pictures                            10                  20\n",
                           "Frechet distance                1.2500              0.5000\n",
                           "kernel distance (MMD^2)      -0.000125            0.000375\n",
                           "precision                       0.5000              0.8750\n",
                           "recall                          0.2500              0.9375\n",
                           "density                         0.1250              1.0625\n",
                           "coverage                        0.7500              0.9688\n",
                           "spread of features              7.5000              8.5000\n",
                           "class entropy                   0.6931              1.0986\n",
                           "effective classes                 2.00                3.00\n",
                           "  shirt                         25.0 %              50.0 %\n",
                           "  bag                           75.0 %              25.0 %\n",
                           "  class 2                        0.0 %              25.0 %\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << "in\n" << text;
  EXPECT_EQ(text.find("collapsed"), std::string::npos);
}

TEST(Table, SaysWhetherTheJudgeKnowsSuchImages) {
  Evaluation e = made_up();
  e.judge_accuracy = .499;
  EXPECT_NE(to_table(e).find("49.9 % of these right: it does not know"), std::string::npos);
  e.judge_accuracy.reset();
  EXPECT_EQ(to_table(e).find("the judge"), std::string::npos);
  EXPECT_EQ(to_json(e).find("judge"), std::string::npos);
}

TEST(Json, HasTheSameFigures) {
  const auto json = nlohmann::json::parse(to_json(made_up()));
  EXPECT_EQ(json.at("samples"), "x\\x1b.npy");
  EXPECT_EQ(json.at("data"), "clothes");
  EXPECT_EQ(json.at("judge_accuracy"), .9375);
  EXPECT_EQ(json.at("test_images"), 700);
  EXPECT_EQ(json.at("collapsed"), false);
  const nlohmann::json generated = {
      {"count", 10},
      {"frechet_distance", 1.25},
      {"kernel_distance", -.000125},
      {"precision", .5},
      {"recall", .25},
      {"density", .125},
      {"coverage", .75},
      {"spread", 7.5},
      {"class_entropy", std::log(2)},
      {"effective_classes", std::exp(std::log(2))},
      {"class_shares", {{"shirt", .25}, {"bag", .75}, {"class 2", 0.}}}};
  EXPECT_EQ(json.at("generated"), generated);
  const auto& real = json.at("real_beside_real");
  EXPECT_EQ(real.at("count"), 20);
  EXPECT_EQ(real.at("frechet_distance"), .5);
  EXPECT_EQ(real.at("coverage"), .96875);
  EXPECT_EQ(real.at("class_shares").at("bag"), .25);
}

TEST(NearestTraining, IsShownWhereItWasLookedFor) {
  Evaluation e = made_up();
  EXPECT_EQ(to_table(e).find("nearest"), std::string::npos);
  EXPECT_EQ(to_json(e).find("nearest"), std::string::npos);
  e.nearest = {1000, 700, 5.125, 6.25};
  EXPECT_NE(to_table(e).find("\nnearest training picture, by pixels: 5.12 for samples, 6.25 for "
                             "test images (medians of 1000 and 700)\n"),
            std::string::npos)
      << to_table(e);
  const nlohmann::json expected = {{"samples", 5.125}, {"test_images", 6.25}};
  EXPECT_EQ(nlohmann::json::parse(to_json(e)).at("nearest_training_picture"), expected);
}

TEST(Collapse, IsAllThreeBelowHalfOfRealImages) {
  Evaluation e = made_up();
  e.real.class_entropy = std::log(4);
  const auto with = [&](double classes, double coverage, double spread) {
    e.generated.class_entropy = std::log(classes);
    e.generated.distances.coverage = coverage;
    e.generated.spread = spread;
    return e.collapsed();
  };
  EXPECT_TRUE(with(1.99, .484, 4.24));
  EXPECT_FALSE(with(2.01, .484, 4.24));
  EXPECT_FALSE(with(1.99, .485, 4.24));
  EXPECT_FALSE(with(1.99, .484, 4.26));
  with(1, 0, 0);
  EXPECT_NE(to_table(e).find("\ncollapsed: "), std::string::npos);
  EXPECT_NE(to_json(e).find("\"collapsed\": true"), std::string::npos);
}

}  // namespace
}  // namespace dcgan::test
