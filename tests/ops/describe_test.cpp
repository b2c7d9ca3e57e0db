// What ops say about themselves: sizes and work counted by hand, labels and JSON.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "backend/backend.h"
#include "ops/case.h"

namespace dcgan::test {
namespace {

TEST(Describe, ConvolutionsHaveTheirSizesAndPadding) {
  const ConvShape conv{2, 7, 4, 3, 5, 4, 2}, grown{2, 7, 4, 3, 5, 4, 2, true};
  EXPECT_EQ(conv.out_height(), 4);
  EXPECT_EQ(conv.out_width(), 2);
  EXPECT_EQ(conv.x_size(), 2 * 7 * 4 * 3);
  EXPECT_EQ(conv.y_size(), 2 * 4 * 2 * 5);
  EXPECT_EQ(conv.kernel_size(), 4 * 4 * 3 * 5);
  // Rows: windows at -1, 1, 3, 5 of 4 end at 8, two behind the 7th. Columns: at -1 and 1, end at 4.
  EXPECT_EQ(conv.pad_top(), 1);
  EXPECT_EQ(conv.pad_bottom(), 2);
  EXPECT_EQ(conv.pad_left(), 1);
  EXPECT_EQ(conv.pad_right(), 1);
  EXPECT_EQ(grown.out_height(), 14);
  EXPECT_EQ(grown.out_width(), 8);
  EXPECT_EQ(grown.y_size(), 2 * 14 * 8 * 5);
  const ConvShape back = grown.conv2d();
  EXPECT_EQ(describe(back, Direction::forward).label(), "conv2d 2x14x8x5->3 k4 /2 forward");
  EXPECT_EQ(back.out_height(), 7);
  EXPECT_EQ(back.y_size(), grown.x_size());
  EXPECT_EQ(describe(conv.conv2d(), Direction::forward).label(), "conv2d 2x7x4x3->5 k4 /2 forward");
}

double flops(const ConvShape& s) { return describe(s, Direction::forward).flops; }

TEST(Describe, NoTapBesideTheImageCounts) {
  // 1x1: each of 16 pixels meets one tap. 3x3 on 3x3: 2 + 3 + 2 taps per axis. 5x5 with stride 2 on
  // 4x4, padded by 1 before: 4 + 3 per axis; its adjoint the same.
  EXPECT_EQ(flops({10, 4, 4, 3, 5, 1, 1}), 2.0 * 10 * 16 * 3 * 5);
  EXPECT_EQ(flops({10, 3, 3, 3, 5, 3, 1}), 2.0 * 10 * 49 * 3 * 5);
  EXPECT_EQ(flops({10, 4, 4, 3, 5, 5, 2}), 2.0 * 10 * 49 * 3 * 5);
  EXPECT_EQ(flops({10, 2, 2, 3, 5, 5, 2, true}), 2.0 * 10 * 49 * 3 * 5);
  // Axes of their own: 2 + 3 + 3 + 2 taps by 2 + 2; then 2 positions, all but one of three taps, by
  // 4, of which 3 + 2 meet.
  EXPECT_EQ(flops({10, 4, 2, 1, 1, 3, 1}), 2.0 * 10 * 10 * 4);
  EXPECT_EQ(flops({10, 1, 2, 1, 1, 3, 2, true}), 2.0 * 10 * 2 * 5);
}

TEST(Describe, EachDirectionOfALayerMovesItsOperandsOnce) {
  const DenseShape s{4, 5, 6};
  for (const Direction d :
       {Direction::forward, Direction::backward_data, Direction::backward_weights}) {
    EXPECT_EQ(describe(s, d).flops, 2 * 4 * 5 * 6);
    EXPECT_EQ(describe(s, d).bytes, 4 * (20 + 30 + 24));
  }
  EXPECT_EQ(describe(s, Direction::forward, true).bytes, 4 * (20 + 30 + 24) + 24);
  EXPECT_EQ(describe(s, Direction::backward, true).bytes, describe(s, Direction::backward).bytes);
  EXPECT_EQ(describe(s, Direction::backward).flops, 2 * 2 * 4 * 5 * 6);
  EXPECT_EQ(describe(s, Direction::backward).bytes, 4 * (2 * 20 + 2 * 30 + 24));
  EXPECT_EQ(describe(s, Direction::backward_weights).label(), "dense 4x5->6 backward-weights");
}

TEST(Describe, EveryOpHasItsLabelFlopsAndBytes) {
  for (const OpCases& cases : op_cases()) {
    EXPECT_FALSE(cases.described.empty()) << cases.op;
    for (const Described& d : cases.described) {
      EXPECT_EQ(d.op.label(), d.label);
      EXPECT_EQ(d.op.name, cases.op);
      EXPECT_EQ(d.op.flops, d.flops) << d.label;
      EXPECT_EQ(d.op.bytes, d.bytes) << d.label;
    }
  }
  EXPECT_EQ(describe_copy(8).bytes, 16);
  EXPECT_EQ(describe_copy(8).flops, 0);
}

TEST(Describe, ADropoutsThresholdIsOf16Bits) {
  EXPECT_EQ((KeepMaskDraw{{}, 0.75F, 1, nullptr}.threshold()), 3U << 14);
  EXPECT_EQ((KeepMaskDraw{{}, 0.3F, 1, nullptr}.threshold()), 19661U);  // 19660.8
}

TEST(Describe, DimensionsAreFoundByName) {
  const Op conv = describe(ConvShape{1, 2, 3, 4, 5, 6, 7}, Direction::forward);
  EXPECT_EQ(to_json(conv).at("shape").dump(),
            R"({"batch":1,"height":2,"width":3,"in":4,"out":5,"kernel":6,"stride":7})");
  const Op op = describe(DenseShape{4, 5, 6}, Direction::forward);
  EXPECT_EQ(op.at("batch"), 4);
  EXPECT_EQ(op.at("out"), 6);
  EXPECT_THROW(op.at("height"), std::out_of_range);
}

TEST(Describe, JsonHasShapeLabelFlopsAndBytes) {
  const auto json = to_json(describe(DenseShape{4, 5, 6}, Direction::backward_data));
  EXPECT_EQ(json.dump(),
            R"({"op":"dense","direction":"backward-data","shape":{"batch":4,"in":5,"out":6},)"
            R"("label":"dense 4x5->6 backward-data","flops":240.0,"bytes":296.0})");
  EXPECT_FALSE(to_json(describe_copy(8)).contains("direction"));
}

}  // namespace
}  // namespace dcgan::test
