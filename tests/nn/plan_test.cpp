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

// Counted by hand. Tensors lie on cache lines of 16 floats; the last layer is the widest, but no
// gradient of a layer's input is as wide as its output, or as the network's input.
TEST(NetworkSize, CountsParametersStatisticsAndBytes) {
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

TEST(NetworkSize, OfOneLayerHasNoGradientsBetweenLayers) {
  const NetworkSize size = Sequential::size_of({layer::Dense{3}}, {1, 1, 2}, 5);
  EXPECT_EQ(size.bytes, 4 * (4 * (16 + 16) + 5 * 3));
}

/// The ops of a forward and a backward pass over two rows of zeros.
std::vector<Op> ops_of(const std::vector<LayerSpec>& layers, SampleShape input) {
  std::vector<Op> ops;
  const auto cpu = make_backend("cpu", 1);
  const auto recorder = make_recording_backend(*cpu, [&](const Op& op, const auto& run) {
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

TEST(Nodes, BehindAConvolutionHaveARowPerPixel) {
  // 2 samples of 2 x 3 pixels after the convolution.
  const std::vector<std::string> expected{"conv2d 2x4x6x3->5 k3 /2 forward",
                                          "batch_norm 12x5 forward",
                                          "copy 240",
                                          "epilogue 12x5 forward",
                                          "epilogue 12x5 backward",
                                          "batch_norm 12x5 backward",
                                          "conv2d 2x4x6x3->5 k3 /2 backward-weights"};
  std::vector<std::string> labels;
  for (const Op& op : ops_of({layer::Conv2d{5, 3, 2, false}, norm, layer::Tanh{}}, {4, 6, 3}))
    labels.push_back(op.label());
  EXPECT_EQ(labels, expected);
}

/// "dense forward", "copy", ...
std::vector<std::string> names_of(const std::vector<LayerSpec>& layers, SampleShape input) {
  std::vector<std::string> names;
  for (const Op& op : ops_of(layers, input))
    names.push_back(op.name + (op.direction.empty() ? "" : " " + op.direction));
  return names;
}

TEST(Nodes, TakeActivationAndDropoutWhereTheyCan) {
  const layer::LeakyReLU leaky{0.3};
  const layer::Dropout drop{0.3};
  EXPECT_EQ(names_of({layer::Dense{5}, leaky, drop, layer::Dense{3, false}, norm, leaky,
                      layer::Dense{2, false}, layer::Tanh{}, drop},
                     {1, 1, 4}),
            (std::vector<std::string>{"dense forward", "dense forward", "batch_norm forward",
                                      "dense forward", "epilogue backward", "dense backward",
                                      "batch_norm backward", "dense backward", "epilogue backward",
                                      "dense backward-weights"}));
  // One of each alone, the activation first; batch norm takes LeakyReLU only.
  EXPECT_EQ(names_of({layer::Dense{5, false}, drop, leaky, drop, drop}, {1, 1, 4}),
            (std::vector<std::string>{"dense forward", "copy", "epilogue forward", "copy",
                                      "epilogue forward", "epilogue backward", "epilogue backward",
                                      "epilogue backward", "dense backward-weights"}));
  EXPECT_EQ(names_of({layer::Dense{5, false}, norm, drop}, {1, 1, 4}),
            (std::vector<std::string>{"dense forward", "batch_norm forward", "copy",
                                      "epilogue forward", "epilogue backward",
                                      "batch_norm backward", "dense backward-weights"}));
}

TEST(Nodes, LeaveOutDropoutThatDropsNothing) {
  const auto cpu = make_backend("cpu", 1);
  Sequential network(*cpu, "network", {layer::Dense{5}, layer::Dropout{0}, layer::Dense{3}},
                     {1, 1, 4}, 2);
  EXPECT_TRUE(network.dropouts().empty());
}

TEST(Nodes, OfFirstLayersWithoutAKernelAreCopyAndEpilogue) {
  for (const LayerSpec& first : {LayerSpec{layer::Dropout{0.5}}, LayerSpec{layer::Tanh{}},
                                 LayerSpec{layer::LeakyReLU{0.1}}}) {
    const auto ops = ops_of({first, layer::Dense{3}}, {1, 1, 4});
    ASSERT_GE(ops.size(), 2u) << to_string(first);
    EXPECT_EQ(ops[0].label(), "copy 32") << to_string(first);
    EXPECT_EQ(ops[1].label(), "epilogue 2x4 forward") << to_string(first);
  }
}

TEST(Layers, AreShownWithTheirParameters) {
  const auto words = [](const LayerSpec& layer) { return to_string(layer); };
  EXPECT_EQ(words(layer::Dense{7}), "Dense 7");
  EXPECT_EQ(words(layer::Dense{7, false}), "Dense 7, no bias");
  EXPECT_EQ(words(layer::Conv2d{8, 3, 2}), "Conv2d 8 3x3 stride 2");
  EXPECT_EQ(words(layer::Conv2d{8, 3, 2, false}), "Conv2d 8 3x3 stride 2, no bias");
  EXPECT_EQ(words(layer::ConvTranspose2d{8, 3, 2}), "ConvTranspose2d 8 3x3 stride 2");
  EXPECT_EQ(words(layer::ConvTranspose2d{8, 3, 2, false}),
            "ConvTranspose2d 8 3x3 stride 2, no bias");
  EXPECT_EQ(words(layer::BatchNorm{0.75, 1e-3}), "BatchNorm momentum 0.75 epsilon 0.001");
  EXPECT_EQ(words(layer::LeakyReLU{0.3}), "LeakyReLU 0.3");
  EXPECT_EQ(words(layer::LeakyReLU{0}), "ReLU");
  EXPECT_EQ(words(layer::Reshape{{1, 1, 12}}), "Reshape 12");
  EXPECT_EQ(words(layer::Reshape{{1, 6, 2}}), "Reshape 1x6x2");
  EXPECT_EQ(words(layer::Reshape{{6, 1, 2}}), "Reshape 6x1x2");
  EXPECT_EQ(words(layer::Reshape{{3, 4, 1}}), "Reshape 3x4x1");
}

}  // namespace
}  // namespace dcgan::test
