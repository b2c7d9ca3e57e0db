// The profile of a training step: operations by formula, bytes as the shapes say.
#include "train/step_profile.h"

#include <gtest/gtest.h>

#include <set>

#include "backend/backend.h"
#include "dcgan/error.h"

namespace dcgan::test {
namespace {

using Json = nlohmann::ordered_json;

Json conv(const char* op, int size, int in, int out, int kernel, int stride) {
  return {{"op", op}, {"pass", "forward"}, {"batch", 10},      {"height", size},  {"width", size},
          {"in", in}, {"out", out},        {"kernel", kernel}, {"stride", stride}};
}

TEST(OpFlops, CountsNoTapBesideTheImage) {
  // 1x1: each of 16 pixels meets one tap. 3x3 on 3x3: 2 + 3 + 2 taps per axis. 5x5 with stride 2 on
  // 4x4, padded by 1 before: 4 + 3 per axis; its adjoint the same.
  EXPECT_EQ(op_flops(conv("conv2d", 4, 3, 5, 1, 1)), 2.0 * 10 * 16 * 3 * 5);
  EXPECT_EQ(op_flops(conv("conv2d", 3, 3, 5, 3, 1)), 2.0 * 10 * 49 * 3 * 5);
  EXPECT_EQ(op_flops(conv("conv2d", 4, 3, 5, 5, 2)), 2.0 * 10 * 49 * 3 * 5);
  EXPECT_EQ(op_flops(conv("conv_transpose2d", 2, 3, 5, 5, 2)), 2.0 * 10 * 49 * 3 * 5);
  EXPECT_EQ(op_flops({{"op", "dense"}, {"batch", 4}, {"in", 5}, {"out", 6}}), 240);
  EXPECT_EQ(op_flops({{"op", "adam"}, {"n", 7}}), 84);
  EXPECT_EQ(op_flops({{"op", "copy"}, {"bytes", 8}}), 0);
}

TEST(OpFlops, OfEveryOpThatGoesOverItsValues) {
  const auto flops = [](const char* op, const char* pass) {
    return op_flops({{"op", op}, {"pass", pass}, {"rows", 7}, {"channels", 3}});
  };
  EXPECT_EQ(flops("batch_norm", "forward"), 8 * 21);
  EXPECT_EQ(flops("batch_norm", "inference"), 4 * 21);
  EXPECT_EQ(flops("batch_norm", "backward"), 13 * 21);
  EXPECT_EQ(flops("epilogue", "forward"), 3 * 21);
  EXPECT_EQ(flops("epilogue", "backward"), 4 * 21);
  EXPECT_EQ(op_flops({{"op", "gather"}, {"batch", 5}, {"image_size", 11}}), 2 * 55);
  EXPECT_EQ(op_flops({{"op", "loss"}, {"batch", 5}}), 500);
  EXPECT_EQ(op_flops({{"op", "noise"}, {"n", 7}}), 280);
  EXPECT_EQ(op_flops({{"op", "mask"}, {"n", 7}}), 70);
}

// 1x1 on a wide picture, then a high one: along one axis all taps meet, along the other some.
TEST(OpFlops, CountsBothAxes) {
  Json op = conv("conv2d", 4, 1, 1, 3, 1);
  op["width"] = 2;  // 2 + 3 + 3 + 2 taps by 2 + 2
  EXPECT_EQ(op_flops(op), 2.0 * 10 * 10 * 4);
  op = conv("conv_transpose2d", 1, 1, 1, 3, 2);
  op["width"] = 2;  // 2 positions, all but one of three taps; 4, of which 3 + 2
  EXPECT_EQ(op_flops(op), 2.0 * 10 * 2 * 5);
}

class StepProfile : public testing::Test {
 protected:
  void SetUp() override {
    for (const BackendStatus& b : backend_statuses())
      if (b.name == "simt-check" && !b.why_unavailable.empty()) GTEST_SKIP() << b.why_unavailable;
    config_.batch_size = 4;
  }
  static double sum(const Json& kernels, const std::string& access, const char* what) {
    double total = 0;
    for (const Json& kernel : kernels)
      for (const Json& line : kernel.at("lines"))
        if (line.at("space") == "global" && line.at("access") == access)
          total += line.at(what).get<double>();
    return total;
  }
  Config config_ = preset_config("dcgan");
};

TEST_F(StepProfile, AdamMovesEachValueOnce) {
  const Json profile = profile_step(config_, "adam", 1 << 30);
  const Json& ops = profile.at("ops");
  ASSERT_EQ(ops.size(), 2U);  // generator and discriminator
  for (const Json& op : ops) {
    const double n = op.at("op").at("n").get<double>();
    EXPECT_EQ(sum(op.at("kernels"), "load", "bytes"), 4 * 4 * n);
    EXPECT_EQ(sum(op.at("kernels"), "store", "bytes"), 3 * 4 * n);
    EXPECT_EQ(sum(op.at("kernels"), "store", "lanes"),
              3 * (static_cast<int>(n) / 4 + static_cast<int>(n) % 4));
  }
}

TEST_F(StepProfile, DescribesEveryOp) {
  config_.width = 1.0 / 64;
  config_.batch_size = 2;
  const Json profile = profile_step(config_, "", 1);
  EXPECT_EQ(profile.at("preset"), "dcgan");
  EXPECT_EQ(profile.at("batch_size"), 2);
  EXPECT_EQ(profile.at("most_blocks"), 1);
  std::set<std::string> labels;
  for (const Json& op : profile.at("ops")) {
    labels.insert(op.at("label"));
    EXPECT_EQ(op.at("flops").get<double>(), op_flops(op.at("op"))) << op.at("label");
    EXPECT_EQ(op.at("kernels").empty(), op.at("op").at("op") == "copy") << op.at("label");
  }
  for (const char* label :
       {"gather 2", "noise 200", "loss 2", "dense forward 100 to 98", "batch_norm forward 2 x 98",
        "conv_transpose2d forward 7x7x2 to 1, stride 1",
        "conv2d backward_weights 28x28x1 to 1, stride 2"})
    EXPECT_EQ(labels.count(label), 1U) << label << " is not in " << Json(labels);
}

TEST_F(StepProfile, ScalesASampleToTheLaunch) {
  const Json all = profile_step(config_, "batch_norm", 1 << 30);
  const Json few = profile_step(config_, "batch_norm", 2);
  ASSERT_EQ(all.at("ops").size(), few.at("ops").size());
  for (std::size_t i = 0; i < all.at("ops").size(); ++i) {
    const Json& kernel = few.at("ops")[i].at("kernels").back();  // element by element
    EXPECT_LE(kernel.at("sampled_blocks").get<int>(), 2);
    const double exact = sum(all.at("ops")[i].at("kernels"), "store", "bytes");
    EXPECT_NEAR(sum(few.at("ops")[i].at("kernels"), "store", "bytes"), exact, 0.1 * exact);
  }
}

TEST_F(StepProfile, NamesTheOpsThatThereAre) {
  try {
    profile_step(config_, "pooling", 1);
    FAIL();
  } catch (const UsageError& e) {
    EXPECT_NE(std::string(e.what()).find("batch_norm, conv2d"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace dcgan::test
