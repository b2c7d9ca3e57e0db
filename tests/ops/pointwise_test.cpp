// Batch norm, epilogue, loss and Adam of every backend against the references.
#include <gtest/gtest.h>

#include "ops/device.h"
#include "ref/reference.h"

namespace dcgan::test {
namespace {

class BatchNorm : public testing::TestWithParam<BatchNormShape> {};

TEST_P(BatchNorm, EqualsReference) {
  const BatchNormShape s = GetParam();
  const std::int64_t n = s.rows * s.channels, c = s.channels;
  Floats x = normal_floats(n, 1);
  for (float& v : x) v = v * 0.5F + 3;  // a mean that careless variances cancel against
  const Floats gamma = normal_floats(c, 2), beta = normal_floats(c, 3), dy = normal_floats(n, 4),
               moving_mean = normal_floats(c, 5);
  Floats moving_variance = normal_floats(c, 6);
  for (float& v : moving_variance) v = std::abs(v) + 0.1F;
  const auto xd = widened(x), gd = widened(gamma), bd = widened(beta);
  const auto f = ref::batch_norm(s, xd, gd, bd, widened(moving_mean), widened(moving_variance));
  const auto b = ref::batch_norm_backward(s, xd, gd, bd, widened(dy));
  for (const std::string& name : present_backends()) {
    const auto backend = make_backend(name, 2);
    Backend& d = *backend;
    const auto op = d.batch_norm(s);
    const Buffer x_ = to_device(d, x), gamma_ = to_device(d, gamma), beta_ = to_device(d, beta),
                 mm_ = to_device(d, moving_mean), mv_ = to_device(d, moving_variance),
                 dy_ = to_device(d, dy);
    const Buffer mean_ = unwritten(d, c), inv_ = unwritten(d, c), y_ = unwritten(d, n),
                 dgamma_ = unwritten(d, c), dbeta_ = unwritten(d, c), inference_ = unwritten(d, n);
    const BatchNormParameters p{gamma_.f32(), beta_.f32(), mm_.f32(), mv_.f32()};
    op->forward_inference(x_.f32(), p, inference_.f32());
    expect_near(
        to_host(d, inference_),
        ref::batch_norm_inference(s, xd, gd, bd, widened(moving_mean), widened(moving_variance)),
        1e-6, name + " inference");
    op->forward_training(x_.f32(), p, mean_.f32(), inv_.f32(), y_.f32());
    expect_near(to_host(d, y_), f.y, 3e-6, name + " y");
    expect_near(to_host(d, mm_), f.moving_mean, 1e-6, name + " moving mean");
    expect_near(to_host(d, mv_), f.moving_variance, 1e-6, name + " moving variance");
    op->backward(x_.f32(), y_.f32(), dy_.f32(), p, mean_.f32(), inv_.f32(), dy_.f32(),
                 dgamma_.f32(), dbeta_.f32());
    if (s.rows > 1) {  // one row: every gradient is rounding
      expect_near(to_host(d, dy_), b.dx, 1e-5, name + " dx");
      expect_near(to_host(d, dgamma_), b.dgamma, 1e-5, name + " dgamma");
    }
    expect_near(to_host(d, dbeta_), b.dbeta, 1e-5, name + " dbeta");
  }
}

constexpr auto leaky = Activation::leaky_relu;
INSTANTIATE_TEST_SUITE_P(Shapes, BatchNorm,
                         testing::Values(BatchNormShape{96, 6272, 0.99F, 1e-3F, leaky, 0.3F},
                                         BatchNormShape{12544, 32, 0.99F, 1e-3F, leaky, 0.3F},
                                         BatchNormShape{1, 5, 0.99F, 1e-3F, leaky, 0.3F},
                                         BatchNormShape{3, 1, 0.9F, 1e-3F},
                                         BatchNormShape{129, 3, 0.99F, 1e-3F, leaky, 0.2F},
                                         BatchNormShape{1000, 33, 0.99F, 1e-3F}));

struct EpilogueCase {
  std::int64_t rows, channels;
  Epilogue epilogue;
  bool scaled;  // by sample
};

std::vector<EpilogueCase> epilogue_cases() {
  std::vector<EpilogueCase> cases;
  for (const auto& [rows, channels] : {std::pair<int, int>{1, 1},
                                       {96, 1},
                                       {784, 1},
                                       {3, 5},
                                       {96, 33},
                                       {8, 128},
                                       {12, 4096},
                                       {4096, 3}})
    for (const bool bias : {false, true})
      for (const Activation a : {Activation::none, Activation::leaky_relu, Activation::tanh})
        for (const float rate : {0.0F, 0.3F})
          for (const bool scaled : {false, true})
            cases.push_back({rows, channels, {bias, a, 0.3F, rate}, scaled});
  return cases;
}

TEST(Epilogue, EqualsReference) {
  for (const EpilogueCase& c : epilogue_cases()) {
    const std::int64_t n = c.rows * c.channels;
    const std::int64_t samples = c.rows % 4 == 0 ? c.rows / 4 : c.rows;
    SCOPED_TRACE(testing::Message() << c.rows << "x" << c.channels << " bias " << c.epilogue.bias
                                    << " activation " << int(c.epilogue.activation) << " dropout "
                                    << c.epilogue.dropout_rate << " scaled " << c.scaled);
    const Floats z = normal_floats(n, 1), bias = normal_floats(c.channels, 2),
                 dy = normal_floats(n, 3), scale = normal_floats(samples, 4);
    const auto keep = random_mask(n, 5);
    auto dyd = widened(dy);
    const std::int64_t sample_size = n / samples;
    if (c.scaled)
      for (std::size_t i = 0; i < dyd.size(); ++i)
        dyd[i] *= static_cast<double>(scale[i / static_cast<std::size_t>(sample_size)]);
    const auto b =
        ref::epilogue_backward(c.epilogue, c.channels, widened(z), widened(bias), keep, dyd);
    for (const std::string& name : present_backends()) {
      const auto backend = make_backend(name, 2);
      Backend& d = *backend;
      const Buffer y_ = to_device(d, z), bias_ = to_device(d, bias), dy_ = to_device(d, dy),
                   scale_ = to_device(d, scale), keep_ = to_device(d, keep);
      const Buffer dbias_ = unwritten(d, c.channels);
      d.epilogue_forward(c.epilogue, c.rows, c.channels, bias_.f32(), keep_.u8(), y_.f32());
      expect_near(to_host(d, y_),
                  ref::epilogue(c.epilogue, c.channels, widened(z), widened(bias), keep), 1e-6,
                  name + " y");
      d.epilogue_backward(c.epilogue, c.rows, c.channels, y_.f32(), keep_.u8(),
                          c.scaled ? scale_.f32() : nullptr, sample_size, dy_.f32(),
                          c.epilogue.bias ? dbias_.f32() : nullptr);
      expect_near(to_host(d, dy_), b.dz, 2e-6, name + " dz");
      if (c.epilogue.bias) expect_near(to_host(d, dbias_), b.dbias, 1e-5, name + " dbias");
    }
  }
}

TEST(GanLoss, LossesAndAdjoints) {
  const std::vector<float> logits = {0.5F, -100, 100, -2, 1.5F, -100, 100, -60, -61, 0};
  const std::int64_t n = 5;
  for (const float smoothing : {0.0F, 0.1F}) {
    const double high = 1 - static_cast<double>(smoothing) / 2,
                 low = static_cast<double>(smoothing) / 2;
    const auto bce = [](double x, double t) {
      return std::max(x, 0.0) - x * t + std::log1p(std::exp(-std::abs(x)));
    };
    const auto adjoint = [&](double x, double t) { return (1 / (1 + std::exp(-x)) - t) / n; };
    double generator = 0, discriminator = 0;
    for (int i = 0; i < n; ++i) {
      const double real = static_cast<double>(logits[i]), fake = static_cast<double>(logits[n + i]);
      generator += bce(fake, high) / n;
      discriminator += (bce(real, high) + bce(fake, low)) / n;
    }
    for (const std::string& name : present_backends()) {
      const auto backend = make_backend(name, 2);
      Backend& d = *backend;
      const Buffer x_ = to_device(d, logits), da_ = unwritten(d, 2 * n), ga_ = unwritten(d, n),
                   ratio_ = unwritten(d, n), losses_ = unwritten(d, 2);
      d.gan_loss({n, static_cast<float>(high), static_cast<float>(low), static_cast<float>(high),
                  x_.f32(), da_.f32(), ga_.f32(), ratio_.f32(), losses_.f32()});
      expect_near(to_host(d, losses_), {generator, discriminator}, 1e-6, name + " losses");
      const Floats da = to_host(d, da_), ga = to_host(d, ga_), ratio = to_host(d, ratio_);
      for (int i = 0; i < n; ++i) {
        const double fake = static_cast<double>(logits[n + i]);
        EXPECT_NEAR(static_cast<double>(da[i]), adjoint(static_cast<double>(logits[i]), high),
                    1e-7);
        EXPECT_NEAR(static_cast<double>(da[n + i]), adjoint(fake, low), 1e-7);
        EXPECT_NEAR(static_cast<double>(ga[i]), adjoint(fake, high), 1e-7);
        if (smoothing > 0) continue;
        // A logit of 100 leaves the generator a denormal adjoint: its last bit is 1e-45.
        const double product = static_cast<double>(ratio[i]) * static_cast<double>(da[n + i]);
        EXPECT_TRUE(std::isnormal(da[n + i]));
        EXPECT_NEAR(product, static_cast<double>(ga[i]),
                    1e-6 * std::abs(static_cast<double>(ga[i])) + 1e-43);
      }
    }
  }
}

TEST(Adam, FiveStepsEqualKerasFormula) {
  const AdamConfig config{2e-4, 0.5, 0.999, 1e-7};
  for (const std::int64_t n : {1, 7, 100003}) {
    const Floats w = normal_floats(n, 1);
    for (const std::string& name : present_backends()) {
      const auto backend = make_backend(name, 2);
      Backend& d = *backend;
      const Buffer w_ = to_device(d, w), m_ = d.allocate(static_cast<std::size_t>(n) * 4),
                   v_ = d.allocate(static_cast<std::size_t>(n) * 4);
      auto wd = widened(w), m = std::vector<double>(w.size()), v = m, moved = m;
      for (int t = 1; t <= 5; ++t) {
        const Floats g = normal_floats(n, 10 + static_cast<unsigned>(t));
        d.adam(config, t, n, to_device(d, g).f32(), m_.f32(), v_.f32(), w_.f32());
        for (std::size_t i = 0; i < wd.size(); ++i) {
          const double gi = static_cast<double>(g[i]);
          m[i] = 0.5 * m[i] + 0.5 * gi;
          v[i] = 0.999 * v[i] + 0.001 * gi * gi;
          const double step = 2e-4 * std::sqrt(1 - std::pow(0.999, t)) / (1 - std::pow(0.5, t)) *
                              m[i] / (std::sqrt(v[i]) + 1e-7);
          wd[i] -= step;
          moved[i] -= step;
        }
      }
      expect_near(to_host(d, m_), m, 1e-6, name + " m");
      expect_near(to_host(d, v_), v, 1e-6, name + " v");
      Floats change = to_host(d, w_);
      for (std::size_t i = 0; i < change.size(); ++i) change[i] -= w[i];
      expect_near(change, moved, 2e-3, name + " change of w");  // a change of 1e-3 beside w of 1
      expect_near(to_host(d, w_), wd, 2e-7, name + " w");
    }
  }
}

}  // namespace
}  // namespace dcgan::test
