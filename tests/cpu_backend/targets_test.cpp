// Random draws, batches and epilogues on every vector target: the shapes here fill no vector.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "cpu_backend/targets.h"
#include "kernels/philox.h"
#include "ops/device.h"
#include "ref/reference.h"

namespace dcgan::test {
namespace {

class Target : public testing::TestWithParam<std::int64_t> {
 protected:
  ForcedTarget forced_{GetParam()};
  std::unique_ptr<Backend> backend_ = make_backend("cpu", 2);
  RandomAddress address_{0x123456789abcdefu, 17, 0x1'0000'0007u};

  PhiloxBlock block(std::int64_t index) const {
    return philox_at(address_.seed, address_.stream, address_.step,
                     static_cast<std::uint32_t>(index));
  }
  Floats normals(std::int64_t n) {
    const Buffer out = unwritten(*backend_, n);
    backend_->draw_normal(address_, n, out.f32());
    return to_host(*backend_, out);
  }
};

TEST_P(Target, KeepMaskEqualsItsDefinition) {
  for (const float rate : {0.0F, 0.3F, 0.999F})
    for (const std::int64_t n : {1, 7, 129, 40001}) {
      std::vector<std::uint8_t> mask(static_cast<std::size_t>(n) + 1, 77);
      backend_->draw_keep_mask(address_, rate, n, mask.data());
      EXPECT_EQ(mask.back(), 77);
      const auto threshold = static_cast<std::uint32_t>(std::lround(rate * 65536));
      for (std::int64_t e = 0; e < n; ++e) {
        const std::uint32_t half = block(e / 8).word[e % 8 / 2] >> (e % 2 * 16) & 0xffff;
        ASSERT_EQ(mask[static_cast<std::size_t>(e)], half >= threshold) << e << " of " << n;
      }
    }
}

TEST_P(Target, NormalsAreBoxMullerOfPhilox) {
  const std::int64_t n = 5003;
  std::vector<double> expected;
  for (std::int64_t e = 0; e < n; ++e) {
    const PhiloxBlock b = block(e / 4);
    const double u1 = ((b.word[e % 4 / 2 * 2] >> 8) + 1) / 16777216.0;
    const double angle = 2 * std::numbers::pi * (b.word[e % 4 / 2 * 2 + 1] >> 8) / 16777216.0;
    expected.push_back(std::sqrt(-2 * std::log(u1)) * (e % 2 ? std::sin(angle) : std::cos(angle)));
  }
  expect_near(normals(n), expected, 1e-7, "normals");
}

TEST_P(Target, ANormalDependsOnItsAddressNotOnTheLengthOfTheDraw) {
  const Floats all = normals(3000);
  for (const std::int64_t n : {1, 3, 100, 1025, 2999})
    EXPECT_EQ(normals(n), Floats(all.begin(), all.begin() + n));
}

TEST_P(Target, GatherNormalisesExactly) {
  std::vector<std::uint8_t> pixels(2 * 300);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i % 300);
  const Buffer pixels_ = to_device(*backend_, pixels), out = unwritten(*backend_, 2 * 300);
  backend_->gather({pixels_.u8(), 2, 300, address_, 0, 2}, out.f32());
  const Floats got = to_host(*backend_, out);
  for (std::size_t i = 0; i < got.size(); ++i)
    ASSERT_EQ(got[i], (static_cast<float>(pixels[i]) - 127.5F) / 127.5F);
}

TEST_P(Target, EpilogueEqualsReference) {
  const Epilogue e{true, Activation::leaky_relu, 0.3F, 0.3F};
  for (const std::int64_t channels : {1, 5, 33}) {
    const std::int64_t rows = 13, size = rows * channels;
    const Floats z = normal_floats(size, 1), bias = normal_floats(channels, 2),
                 dy = normal_floats(size, 3);
    const auto keep = random_mask(size, 4);
    const Buffer y_ = to_device(*backend_, z), bias_ = to_device(*backend_, bias),
                 keep_ = to_device(*backend_, keep), dy_ = to_device(*backend_, dy),
                 dbias_ = unwritten(*backend_, channels);
    backend_->epilogue_forward(e, rows, channels, bias_.f32(), keep_.u8(), y_.f32());
    expect_near(to_host(*backend_, y_), ref::epilogue(e, channels, widened(z), widened(bias), keep),
                1e-6, "forward");
    backend_->epilogue_backward(e, rows, channels, y_.f32(), keep_.u8(), nullptr, 0, dy_.f32(),
                                dbias_.f32());
    const auto expected =
        ref::epilogue_backward(e, channels, widened(z), widened(bias), keep, widened(dy));
    expect_near(to_host(*backend_, dy_), expected.dz, 1e-6, "dz");
    expect_near(to_host(*backend_, dbias_), expected.dbias, 1e-6, "dbias");
  }
}

INSTANTIATE_TEST_SUITE_P(Every, Target, testing::ValuesIn(supported_targets()),
                         [](const auto& target) { return hwy::TargetName(target.param); });

}  // namespace
}  // namespace dcgan::test
