// The profile of a training step: bytes as the shapes say, work as its launches declare it.
#include "profile/step_profile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <set>

#include "backend/backend.h"
#include "dcgan/error.h"

namespace dcgan::test {
namespace {

using Json = nlohmann::ordered_json;

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
  ASSERT_EQ(ops.size(), 1U);  // of both networks
  const double n = ops[0].at("shape").at("n").get<double>();
  // Beside them each thread of four reads the factors, and the other parts of a gradient in parts.
  const double parts = ops[0].at("bytes").get<double>() - 7 * 4 * n;
  EXPECT_GT(parts, n);
  EXPECT_EQ(sum(ops[0].at("kernels"), "load", "bytes"), 4 * 4 * n + 16 * n / 4 + parts);
  EXPECT_EQ(sum(ops[0].at("kernels"), "store", "bytes"), 3 * 4 * n);
  EXPECT_EQ(sum(ops[0].at("kernels"), "store", "lanes"), 3 * n / 4);
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
    EXPECT_EQ(op.at("kernels").empty(), op.at("op") == "copy") << op.at("label");
  }
  for (const char* label : {"gather 2x784", "draw 200x980", "loss 2", "dense 2x100->98 forward",
                            "batch_norm 2x98 forward", "conv_transpose2d 2x7x7x2->1 k5 /1 forward",
                            "conv2d 4x28x28x1->1 k5 /2 backward-weights"})
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

// Whole tiles, whose size the function's name tells, for each part of the sum.
TEST_F(StepProfile, LaunchesDeclareTheirWork) {
  int products = 0;
  const Json profile = profile_step(config_, "", 1);
  for (const Json& op : profile.at("ops")) {
    double bytes = 0, fmas = 0;
    for (const Json& kernel : op.at("kernels")) {
      const std::string function = kernel.at("function");
      EXPECT_GT(kernel.at("bytes").get<double>(), 0) << function;
      EXPECT_EQ(function.find("::"), std::string::npos) << function;
      bytes += kernel.at("bytes").get<double>();
      fmas += kernel.at("fmas").get<double>();
      double m = 0, n = 0, groups = 0, blocks = 1;
      const std::size_t tile = function.find("Tile<");
      if (tile == std::string::npos) {
        EXPECT_EQ(kernel.at("slices"), 0) << function;
        continue;
      }
      ASSERT_EQ(std::sscanf(function.c_str() + tile, "Tile<%lf, %lf, %lf>", &m, &n, &groups), 3)
          << function;
      for (const Json& extent : kernel.at("grid")) blocks *= extent.get<double>();
      EXPECT_EQ(kernel.at("fmas").get<double>(),
                blocks * m * n * 8 * groups * kernel.at("slices").get<double>())
          << function;
      ++products;
    }
    const std::string name = op.at("op");
    double flops = op.at("flops");
    const double least = op.at("bytes");
    if (op.value("direction", "") == "backward-data") {  // less what an epilogue before it takes
      const Json& shape = op.at("shape");
      flops -= 4 * shape.at("batch").get<double>() * shape.at("in").get<double>() *
               std::pow(shape.value("height", 1.0), 2);
    }
    if (name == "dense" || name.starts_with("conv")) {
      EXPECT_GE(2 * fmas, op.value("direction", "") == "backward" ? flops / 2 : flops)
          << op.at("label");
      EXPECT_GE(bytes, least) << op.at("label");
    } else if (op.at("kernels").size() == 1) {
      // A bias gradient's sums over parts of the rows are written and read.
      const Json& kernel = op.at("kernels")[0];
      double parts = 0;
      if (kernel.at("name") == "epilogue_backward_bias")
        parts = kernel.at("grid")[1].get<double>() * op.at("shape").at("channels").get<double>();
      EXPECT_EQ(bytes, least + 2 * 4 * parts) << op.at("label");
    }
  }
  EXPECT_GT(products, 10);
}

TEST_F(StepProfile, TellsOfEachLaunchAndEachLineThatAccesses) {
  config_.width = 1.0 / 64;
  const Json profile = profile_step(config_, "", 1);
  int shared_lines = 0;
  for (const Json& op : profile.at("ops"))
    for (const Json& kernel : op.at("kernels")) {
      const std::string function = kernel.at("function");
      const Json &block = kernel.at("block"), &grid = kernel.at("grid");
      ASSERT_EQ(block.size(), 3U);
      EXPECT_EQ(block[0].get<int>() % 32, 0) << function;  // whole warps, in a row
      EXPECT_EQ(block[1], 1);
      EXPECT_EQ(block[2], 1);
      double blocks = 1;
      for (const Json& extent : grid) blocks *= extent.get<double>();
      EXPECT_EQ(kernel.at("blocks").get<double>(), blocks) << function;
      EXPECT_EQ(kernel.at("sampled_blocks"), 1);
      for (const Json& line : kernel.at("lines")) {
        const bool global = line.at("space") == "global";
        const char *what = global ? "sectors" : "wavefronts",
                   *ideal = global ? "ideal_sectors" : "ideal_wavefronts";
        EXPECT_EQ(line.contains("ways"), !global);
        EXPECT_EQ(line.contains(global ? "wavefronts" : "sectors"), false);
        EXPECT_GE(line.at(what).get<double>(), line.at(ideal).get<double>());
        if (line.at("access") == "store") {  // no two lanes to one place
          EXPECT_GE(line.at(ideal).get<double>(),
                    line.at("bytes").get<double>() / (global ? 32 : 128) * 0.999);
        }
        EXPECT_FALSE(line.at("line").get<std::string>().empty());
        EXPECT_EQ(line.at("bytes").get<double>(),
                  line.at("lanes").get<double>() * line.at("width_bytes").get<double>());
        EXPECT_LE(line.at("lanes").get<double>(), 32 * line.at("requests").get<double>());
        shared_lines += !global;
      }
    }
  EXPECT_GT(shared_lines, 10);
}

double bytes_of(const Json& kernel) { return kernel.at("bytes"); }

// Bytes and instructions of kernels that follow each other, from their grids, which say in how many
// parts a sum is made.
TEST_F(StepProfile, SumsInPartsDeclareTheParts) {
  config_.batch_size = 256;
  const Json profile = profile_step(config_, "", 1);
  int norms = 0, in_parts = 0, statistics_of_parts = 0;
  for (const Json& op : profile.at("ops")) {
    const Json& kernels = op.at("kernels");
    const std::string name = op.at("op"), direction = op.value("direction", "");
    if (name == "batch_norm") {
      const double rows = op.at("shape").at("rows"), channels = op.at("shape").at("channels");
      const bool forward = direction == "forward";
      ++norms;
      ASSERT_EQ(kernels.size(), 1U);  // a block has whole columns, or the layer makes the sums
      EXPECT_EQ(bytes_of(kernels[0]), 4 * (forward ? 2 : 4) * rows * channels);
    } else if (kernels.back().at("name") == "batch_norm_statistics_of_parts") {
      ASSERT_EQ(kernels.size(), 2U);
      const Json &product = kernels[0], &sums = kernels[1];
      const double matrix = 256 * 7 * 7 * 64, channels = 64, parts = product.at("grid")[2],
                   parts_of_sums = sums.at("grid")[1];  // of two sums, written and read
      EXPECT_EQ(bytes_of(sums), 4 * (parts + 1) * matrix + 2 * 2 * 4 * parts_of_sums * channels);
      ++statistics_of_parts;
    } else if (direction == "backward-weights" && name.starts_with("conv")) {
      const Json& shape = op.at("shape");
      ASSERT_EQ(kernels.size(), 1U);  // Adam adds up the parts
      const Json& product = kernels[0];
      const bool one_channel = product.at("name") == "one_channel_backward_weights";
      const double parts = product.at("grid")[one_channel ? 0 : 2];
      const double weights = shape.at("in").get<double>() * shape.at("out").get<double>() *
                             std::pow(shape.value("kernel", 1.0), 2);
      EXPECT_EQ(bytes_of(product),
                op.at("bytes").get<double>() + (one_channel ? 0 : 4 * (parts - 1) * weights))
          << op.at("label");
      in_parts += parts > 1;
    } else if (name.starts_with("conv") &&
               kernels[0].at("name").get<std::string>().starts_with("one_channel")) {
      // One for each position of the smaller picture and each tap and channel.
      const double stride = name == "conv2d" ? op.at("shape").at("stride").get<double>() : 1;
      const double side = op.at("shape").at("height").get<double>() / stride;
      EXPECT_EQ(kernels[0].at("fmas").get<double>(),
                op.at("shape").at("batch").get<double>() * side * side * 25 * 32)
          << op.at("label");
    }
  }
  EXPECT_EQ(norms, 6);
  EXPECT_EQ(statistics_of_parts, 1);
  EXPECT_EQ(in_parts, 5);
}

TEST_F(StepProfile, DrawsDeclareTheirInstructions) {
  const Json kernel = profile_step(config_, "draw", 1).at("ops")[0].at("kernels")[0];
  EXPECT_GT(kernel.at("double_instructions").get<int>(), 0);
  EXPECT_GT(kernel.at("instructions").get<int>(), 0);
}

TEST_F(StepProfile, AnUnknownOpIsRefusedWithTheKnownOnes) {
  try {
    profile_step(config_, "pooling", 1);
    FAIL();
  } catch (const UsageError& e) {
    EXPECT_NE(std::string(e.what()).find("; it has adam, batch_norm, conv2d, "), std::string::npos)
        << e.what();
  }
}

}  // namespace
}  // namespace dcgan::test
