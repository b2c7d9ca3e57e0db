// What a network plans before it computes: the memory it will take, which layers become nodes of
// their own, and the shapes that it hands to its backend.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "backend/recording.h"
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
  constexpr std::int64_t statistics = 2 * 20;  // of the last batch
  // Values, gradients and Adam's two moments.
  EXPECT_EQ(size.bytes,
            4 * (4 * flat + moving + statistics + rows * (outputs + gradients)) + rows * mask);
}

/// The labels of the ops of a forward and a backward pass over two rows of zeros.
std::vector<std::string> ops_of(const std::vector<LayerSpec>& layers, SampleShape input) {
  std::vector<std::string> ops;
  const auto cpu = make_backend("cpu", 1);
  const auto recorder = make_recording_backend(*cpu, [&](const Op& op, const auto& run) {
    ops.push_back(op.label());
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
  // 2 samples of 2 x 3 pixels behind the convolution.
  const std::vector<std::string> expected{"conv2d 2x4x6x3->5 k3 /2 forward",
                                          "batch_norm 12x5 forward",
                                          "copy 240",
                                          "epilogue 12x5 forward",
                                          "epilogue 12x5 backward",
                                          "batch_norm 12x5 backward",
                                          "conv2d 2x4x6x3->5 k3 /2 backward-weights"};
  EXPECT_EQ(ops_of({layer::Conv2d{5, 3, 2, false}, norm, layer::Tanh{}}, {4, 6, 3}), expected);
}

TEST(Nodes, ThatNothingStandsBeforeAreOfTheirOwn) {
  for (const LayerSpec& first : {LayerSpec{layer::Dropout{0.5}}, LayerSpec{layer::Tanh{}},
                                 LayerSpec{layer::LeakyReLU{0.1}}}) {
    const auto ops = ops_of({first, layer::Dense{3}}, {1, 1, 4});
    ASSERT_GE(ops.size(), 2u) << to_string(first);
    EXPECT_EQ(ops[0], "copy 32") << to_string(first);
    EXPECT_EQ(ops[1], "epilogue 2x4 forward") << to_string(first);
  }
}

}  // namespace
}  // namespace dcgan::test
