// The profile of a training step: operations by formula, bytes as the shapes say.
#include "profile/step_profile.h"

#include <gtest/gtest.h>

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
