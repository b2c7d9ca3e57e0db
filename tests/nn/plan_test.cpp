// What a network plans before it computes: the memory it will take, which layers become nodes of
// their own, and the shapes that it hands to its backend.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "backend/op_recorder.h"
#include "nn/sequential.h"

namespace dcgan::test {
namespace {

const layer::BatchNorm norm{0.9, 1e-3};

// By hand. Tensors lie on cache lines of 16 floats; the last layer is the widest, but no gradient
// of a layer's input is as wide as its output, or as the network's input.
TEST(NetworkSize, OnPaper) {
  constexpr std::int64_t rows = 5;
  const NetworkSize size = Sequential::size_of(
      {layer::Dense{20}, norm, layer::Dropout{0.5}, layer::Dense{40}}, {1, 1, 30}, rows);
  EXPECT_EQ(size.parameters, 30 * 20 + 20 + 2 * 20 + 20 * 40 + 40);
  EXPECT_EQ(size.moving_statistics, 2 * 20);
  constexpr std::int64_t flat = 608 + 32 + 2 * 32 + 800 + 48, moving = 2 * 32;
  constexpr std::int64_t outputs = 20 + 20 + 20 + 40, gradients = 2 * 20, mask = 20;
  // Values, gradients and Adam's two moments.
  EXPECT_EQ(size.bytes, 4 * (4 * flat + moving + rows * (outputs + gradients)) + rows * mask);
}

/// The ops of a forward and a backward pass over two rows of zeros, as the recorder has them.
std::vector<nlohmann::ordered_json> ops_of(const std::vector<LayerSpec>& layers,
                                           SampleShape input) {
  std::vector<nlohmann::ordered_json> ops;
  const auto cpu = make_backend("cpu", 1);
  const auto recorder = make_op_recorder(*cpu, [&](const auto& op, const auto& run) {
    ops.push_back(op);
    run();
  });
  Sequential network(*recorder, "network", layers, input, 2);
  const Buffer x = cpu->allocate(2 * static_cast<std::size_t>(input.size()) * sizeof(float));
  const Buffer dy =
      cpu->allocate(2 * static_cast<std::size_t>(network.output().size()) * sizeof(float));
  network.forward(2, x.f32(), Mode::training);
  BackwardPass pass;
  pass.rows = 2;
  pass.dy = dy.f32();
  network.backward(pass);
  return ops;
}

TEST(Nodes, OfTheirOwnAreOfRowsAndChannels) {
  const auto ops =
      ops_of({layer::Conv2d{5, 3, 2, false}, norm, layer::Tanh{}}, {4, 6, 3});  // 2 x 2 x 3 pixels
  ASSERT_EQ(ops.size(), 7u);
  const nlohmann::ordered_json conv{{"op", "conv2d"}, {"batch", 2}, {"height", 4}, {"width", 6},
                                    {"in", 3},        {"out", 5},   {"kernel", 3}, {"stride", 2}};
  const nlohmann::ordered_json normalise{{"op", "batch_norm"}, {"rows", 12}, {"channels", 5}};
  const auto of_pass = [](nlohmann::ordered_json op, const char* pass) {
    op["pass"] = pass;
    return op;
  };
  const auto epilogue = [](const char* pass) {
    return nlohmann::ordered_json{{"op", "epilogue"}, {"pass", pass},       {"rows", 12},
                                  {"channels", 5},    {"activation", true}, {"dropout", false}};
  };
  EXPECT_EQ(ops[0], of_pass(conv, "forward"));
  EXPECT_EQ(ops[1], of_pass(normalise, "forward"));
  EXPECT_EQ(ops[2], (nlohmann::ordered_json{{"op", "copy"}, {"bytes", 12 * 5 * sizeof(float)}}));
  EXPECT_EQ(ops[3], epilogue("forward"));
  EXPECT_EQ(ops[4], epilogue("backward"));
  EXPECT_EQ(ops[5], of_pass(normalise, "backward"));
  EXPECT_EQ(ops[6], of_pass(conv, "backward_weights"));
}

TEST(Nodes, ThatNothingStandsBeforeAreOfTheirOwn) {
  for (const LayerSpec& first : {LayerSpec{layer::Dropout{0.5}}, LayerSpec{layer::Tanh{}},
                                 LayerSpec{layer::LeakyReLU{0.1}}}) {
    const auto ops = ops_of({first, layer::Dense{3}}, {1, 1, 4});
    ASSERT_GE(ops.size(), 2u) << to_string(first);
    EXPECT_EQ(ops[0].at("op"), "copy") << to_string(first);
    EXPECT_EQ(ops[1].at("op"), "epilogue") << to_string(first);
  }
}

}  // namespace
}  // namespace dcgan::test
