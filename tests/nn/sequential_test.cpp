// Sequential, with all that it folds and plans, against the same layers one by one in double: what
// it computes forward, and every kind of backward pass.
#include "nn/sequential.h"

#include <gtest/gtest.h>

#include "dcgan/error.h"
#include "nn/chain_test.h"

namespace dcgan::test {
namespace {

std::vector<Chain> chains() {
  const layer::LeakyReLU leaky{0.3};
  const layer::Dropout drop{0.3}, drop_half{0.5};
  const layer::BatchNorm norm{0.9, 1e-3};
  const layer::Tanh tanh{};
  return {
      {"dense", {1, 1, 7}, {layer::Dense{12}, leaky, drop, layer::Dense{5, false}, tanh}},
      {"one_layer", {1, 1, 6}, {layer::Dense{3}}},
      {"no_bias", {1, 1, 6}, {layer::Dense{3, false}}},
      {"convolutions",
       {9, 7, 2},
       {layer::Conv2d{4, 5, 2}, leaky, drop, layer::Conv2d{6, 3, 1, false}, leaky, drop_half,
        layer::Reshape{{1, 1, 120}}, layer::Dense{1}}},
      {"generator",
       {1, 1, 5},
       {layer::Dense{48, false}, norm, leaky, layer::Reshape{{3, 4, 4}},
        layer::ConvTranspose2d{3, 5, 1, false}, norm, leaky, layer::ConvTranspose2d{2, 5, 2}, tanh},
       true},
      // What cannot be folded into the layer before becomes a layer.
      {"nothing_folds",
       {1, 1, 8},
       {layer::Dense{9}, drop, leaky, drop_half, drop, tanh, layer::Dense{6}, leaky, tanh,
        layer::Dense{3}}},
      {"behind_batch_norm",
       {4, 3, 3},
       {layer::Conv2d{5, 3, 1, false}, norm, tanh, layer::Conv2d{4, 3, 1, false}, norm, drop,
        layer::Conv2d{3, 3, 2, false}, norm},
       true},
  };
}

class SequentialTest : public ChainTest {
 protected:
  void expect_gradients() {
    EXPECT_GT(reference_.nearest_kink(), 1e-5) << "too near to LeakyReLU's kink to compare";
    for (const TensorView& t : network_.parameters())
      expect_near(download(network_.gradients() + t.offset, t.size()),
                  reference_.gradients.at(t.name), t.name);
  }
  void poison_gradients() {
    upload(network_.gradients(), Vector(static_cast<std::size_t>(network_.flat_size()), 9));
  }
  void expect_gradients_untouched() {
    for (const double g : download(network_.gradients(), network_.flat_size())) ASSERT_EQ(g, 9.0);
  }
};

TEST_P(SequentialTest, ForwardAndBackwardFollowTheReference) {
  for (const std::int64_t rows : {max_rows, std::int64_t{5}, max_rows}) {
    const Vector x = draw(rows * input_size(), 1), dy = draw(rows * output_size(), 2);
    const Buffer device_x = on_device(x), device_dy = on_device(dy), dx = on_device(x);
    const float* y = network_.forward(rows, device_x.f32(), Mode::training);
    expect_near(download(y, rows * output_size()), reference_.forward(rows, x, masks(0, rows)),
                "y");
    for (const TensorView& t : network_.moving_statistics())
      expect_near(download(network_.moving() + t.offset, t.size()), reference_.values.at(t.name),
                  t.name);
    poison_gradients();
    BackwardPass pass;
    pass.rows = rows;
    pass.dy = device_dy.f32();
    pass.dx = dx.f32();
    pass.dx_rows = rows;
    network_.backward(pass);
    reference_.clear_gradients();
    expect_near(download(dx.f32(), rows * input_size()), reference_.backward(dy), "dx");
    expect_gradients();
  }
}

TEST_P(SequentialTest, WritesItsOutputWhereTheCallerSays) {
  const Vector x = draw(4 * input_size(), 3), dy = draw(4 * output_size(), 4);
  const Buffer device_x = on_device(x), device_dy = on_device(dy),
               y = on_device(Vector(static_cast<std::size_t>(4 * output_size())));
  EXPECT_EQ(network_.forward(4, device_x.f32(), Mode::training, y.f32()), y.f32());
  expect_near(download(y.f32(), 4 * output_size()), reference_.forward(4, x, masks(0, 4)), "y");
  BackwardPass pass;  // without the input's gradient
  pass.rows = 4;
  pass.dy = device_dy.f32();
  network_.backward(pass);
  reference_.clear_gradients();
  reference_.backward(dy);
  expect_gradients();
}

TEST_P(SequentialTest, FactorsPerSampleScaleTheGradient) {
  const Vector x = draw(4 * input_size(), 5), dy = draw(4 * output_size(), 6),
               scale = {2, -0.5, 0, 3};
  const Buffer device_x = on_device(x), device_dy = on_device(dy), device_scale = on_device(scale);
  network_.forward(4, device_x.f32(), Mode::training);
  reference_.forward(4, x, masks(0, 4));
  BackwardPass pass;
  pass.rows = 4;
  pass.dy = device_dy.f32();
  pass.sample_scale = device_scale.f32();
  if (chain().name == "behind_batch_norm") {  // its last layer too
    EXPECT_THROW(network_.backward(pass), Error);
    return;
  }
  network_.backward(pass);
  Vector scaled = dy;
  for (std::size_t i = 0; i < dy.size(); ++i)
    scaled[i] *= scale[i / static_cast<std::size_t>(output_size())];
  reference_.clear_gradients();
  reference_.backward(scaled);
  expect_gradients();
}

TEST_P(SequentialTest, GivesTheInputsGradientOfSomeRows) {
  const Vector x = draw(5 * input_size(), 7), dy = draw(5 * output_size(), 8);
  const Buffer device_x = on_device(x), device_dy = on_device(dy), dx = on_device(x);
  network_.forward(5, device_x.f32(), Mode::training);
  reference_.forward(5, x, masks(0, 5));
  BackwardPass pass;
  pass.rows = 5;
  pass.dy = device_dy.f32();
  pass.dx = dx.f32();
  pass.dx_first_row = 3;
  pass.dx_rows = 2;
  network_.backward(pass);
  reference_.clear_gradients();
  expect_near(download(dx.f32(), 2 * input_size()),
              rows_of(reference_.backward(dy), 3, 2, input_size()), "dx of rows 3 and 4");
  expect_gradients();
}

TEST_P(SequentialTest, GivesTheGradientsOfTheSecondHalf) {
  const Vector x = draw(6 * input_size(), 9), dy = draw(3 * output_size(), 10);
  const Buffer device_x = on_device(x), device_dy = on_device(dy), dx = on_device(x);
  network_.forward(6, device_x.f32(), Mode::training);
  poison_gradients();
  BackwardPass pass;
  pass.first_row = 3;
  pass.rows = 3;
  pass.dy = device_dy.f32();
  pass.parameter_gradients = false;
  pass.dx = dx.f32();
  pass.dx_rows = 3;
  if (chain().batch_norm) {
    EXPECT_THROW(network_.backward(pass), Error);
    return;
  }
  network_.backward(pass);
  expect_gradients_untouched();
  // Without batch norm rows do not affect each other.
  reference_.forward(3, rows_of(x, 3, 3, input_size()), masks(3, 3));
  reference_.clear_gradients();
  expect_near(download(dx.f32(), 3 * input_size()), reference_.backward(dy), "dx");

  upload(device_dy.f32(), dy);  // it was overwritten
  pass.parameter_gradients = true;
  network_.backward(pass);
  expect_gradients();
}

TEST_P(SequentialTest, InferenceDropsNothingAndKeepsTheStatistics) {
  const Vector x = draw(6 * input_size(), 11);
  const Vector before = download(network_.moving(), network_.moving_count());
  const Buffer device_x = on_device(x);
  const float* y = network_.forward(6, device_x.f32(), Mode::inference);
  expect_near(download(y, 6 * output_size()), reference_.infer(6, x), "y");
  EXPECT_EQ(download(network_.moving(), network_.moving_count()), before);
}

INSTANTIATE_TEST_SUITE_P(Chains, SequentialTest,
                         testing::Combine(testing::ValuesIn(chains()),
                                          testing::ValuesIn(backends())),
                         name_of);

TEST(Sequential, RefusesWhatDoesNotFit) {
  const auto backend = make_backend("cpu", 1);
  const auto build = [&](const std::vector<LayerSpec>& layers) {
    Sequential network(*backend, "network", layers, {1, 1, 4}, 2);
  };
  EXPECT_THROW(build({}), UsageError);
  EXPECT_THROW(build({layer::Dense{3}, layer::Reshape{{1, 1, 4}}}), UsageError);
  Sequential network(*backend, "network", {layer::Dense{3}}, {1, 1, 4}, 2);
  const Buffer x = backend->allocate(64);
  EXPECT_THROW(network.forward(3, x.f32(), Mode::inference), Error);
  EXPECT_THROW(network.forward(0, x.f32(), Mode::inference), Error);
  EXPECT_NO_THROW(network.forward(2, x.f32(), Mode::inference));
}

TEST(Sequential, RefusesAnInputsGradientThatItDoesNotCompute) {
  const auto backend = make_backend("cpu", 1);
  const Buffer x = backend->allocate(64), dy = backend->allocate(64), dx = backend->allocate(64);
  for (const LayerSpec& first :
       {LayerSpec{layer::Tanh{}}, LayerSpec{layer::BatchNorm{0.9, 1e-3}}}) {
    Sequential network(*backend, "network", {first, layer::Dense{3}}, {1, 1, 4}, 2);
    network.forward(2, x.f32(), Mode::training);
    BackwardPass pass;
    pass.rows = 2;
    pass.dy = dy.f32();
    EXPECT_NO_THROW(network.backward(pass)) << to_string(first);
    pass.dx = dx.f32();
    pass.dx_rows = 2;
    EXPECT_THROW(network.backward(pass), Error) << to_string(first);
  }
}

TEST(Sequential, TensorsLieApartOnCacheLines) {
  const auto backend = make_backend("cpu", 1);
  const Sequential network(
      *backend, "network",
      {layer::Dense{17}, layer::BatchNorm{0.9, 1e-3}, layer::Dense{5}, layer::BatchNorm{0.9, 1e-3}},
      {1, 1, 3}, 1);
  constexpr std::int64_t line = 16;  // floats
  for (const auto* list : {&network.parameters(), &network.moving_statistics()}) {
    std::int64_t end = 0;
    for (const TensorView& t : *list) {
      EXPECT_EQ(t.offset, (end + line - 1) / line * line) << t.name;
      end = t.offset + t.size();
    }
    if (list == &network.parameters()) {
      EXPECT_EQ(network.flat_size(), (end + line - 1) / line * line);
    }
  }
  EXPECT_EQ(network.parameter_count(), 3 * 17 + 17 + 2 * 17 + 17 * 5 + 5 + 2 * 5);
  EXPECT_EQ(network.moving_count(), 2 * 17 + 2 * 5);
}

}  // namespace
}  // namespace dcgan::test
