// The small-DFT convolution in every shape of its algebra and on every vector target, against the
// references; here it is called by itself, whether the backend would choose it or not.
#include "backend/cpu/dft_convolution.h"

#include <gtest/gtest.h>
#include <omp.h>

#include "cpu_backend/targets.h"
#include "ops/device.h"
#include "ref/reference.h"

namespace dcgan::test {
namespace {

using cpu::DftGeometry;

std::int64_t same_padding(std::int64_t size, const ConvShape& s) {
  const std::int64_t out = (size + s.stride - 1) / s.stride;
  return std::max<std::int64_t>((out - 1) * s.stride + s.kernel - size, 0) / 2;
}

DftGeometry geometry(const ConvShape& s) {
  return {s, same_padding(s.height, s), same_padding(s.width, s)};
}

/// conv2d's shapes; as a transposed convolution each is run from its output to its input.
std::vector<ConvShape> shapes() {
  return {
      {3, 7, 7, 64, 128, 5, 1},   // the generators' first layer
      {3, 14, 14, 32, 64, 5, 2},  // their second, and the discriminator's
      {2, 28, 28, 16, 32, 5, 2},  // an even window: 14, L = 15
      {4, 14, 14, 7, 5, 3, 1},    // an even window at stride 1; channels that fill no vector
      {2, 8, 8, 33, 17, 4, 2},    // an even kernel
      {2, 6, 6, 3, 50, 4, 1},     // padded unevenly
      {5, 9, 9, 20, 16, 4, 3},    // stride 3
      {2, 13, 13, 8, 8, 7, 2},    // an odd size at stride 2: phases of 7 and 6
      {2, 12, 10, 9, 16, 5, 2},   // a rectangle
      {3, 3, 15, 16, 2, 7, 1},    // a window of 15 and one that the kernel covers
      {1, 2, 2, 1, 1, 2, 1},      // the least
      {150, 4, 4, 16, 16, 3, 1},  // many rows
  };
}

struct Case {
  std::int64_t target;
  ConvShape shape;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  const ConvShape& s = c.shape;
  return out << hwy::TargetName(c.target) << " n" << s.batch << " " << s.height << "x" << s.width
             << "x" << s.in << " to " << s.out << " k" << s.kernel << " s" << s.stride;
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const std::int64_t target : supported_targets())
    for (const ConvShape& shape : shapes()) all.push_back({target, shape});
  return all;
}

/// What an op makes of its inputs.
struct Results {
  Floats y, dx, dw;
};

class DftConvolution : public testing::TestWithParam<Case> {
 protected:
  ForcedTarget forced_{GetParam().target};
  ConvShape s_ = GetParam().shape;
  std::int64_t out_h_ = (s_.height + s_.stride - 1) / s_.stride,
               out_w_ = (s_.width + s_.stride - 1) / s_.stride;
  std::int64_t taps_ = s_.kernel * s_.kernel;
  Floats source_ = normal_floats(s_.batch * s_.height * s_.width * s_.in, 1);
  Floats kernel_ = normal_floats(taps_ * s_.in * s_.out, 2);
  Floats destination_ = normal_floats(s_.batch * out_h_ * out_w_ * s_.out, 3);
  std::vector<double> source_d_ = widened(source_), kernel_d_ = widened(kernel_),
                      destination_d_ = widened(destination_);

  Results run(LinearOp& op, const Floats& x, const Floats& dz) const {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    Results r{Floats(dz.size(), nan), Floats(x.size(), nan), Floats(kernel_.size(), nan)};
    op.forward(x.data(), kernel_.data(), nullptr, nullptr, r.y.data());
    op.backward(x.data(), dz.data(), kernel_.data(), r.dx.data(), r.dw.data());
    return r;
  }

  /// backward-data and backward-weights by themselves, in an op that has seen other inputs.
  void expect_separate_calls(LinearOp& op, const Floats& x, const Floats& dz,
                             const std::vector<double>& dx_d, const std::vector<double>& dw_d) {
    const Floats other = normal_floats(static_cast<std::int64_t>(x.size()), 7);
    Floats y(dz.size()), dx(x.size()), dw(kernel_.size());
    op.forward(other.data(), kernel_.data(), nullptr, nullptr, y.data());
    op.backward_data(dz.data(), kernel_.data(), dx.data());
    op.backward_weights(x.data(), dz.data(), dw.data());
    expect_near(dx, dx_d, 1e-6 * 5, "backward-data alone");
    expect_near(dw, dw_d, 1e-6 * 5, "backward-weights alone");
  }
};

TEST_P(DftConvolution, Conv2dEqualsReference) {
  const auto op = cpu::make_dft_conv2d(geometry(s_), {});
  const auto dx = ref::conv2d_backward_data(s_, destination_d_, kernel_d_);
  const auto dw = ref::conv2d_backward_weights(s_, source_d_, destination_d_);
  const Results r = run(*op, source_, destination_);
  expect_near(r.y, ref::conv2d(s_, source_d_, kernel_d_), sum_bound(taps_ * s_.in), "forward");
  expect_near(r.dx, dx, sum_bound(taps_ * s_.out), "backward-data");
  expect_near(r.dw, dw, sum_bound(s_.batch * out_h_ * out_w_), "backward-weights");
  expect_separate_calls(*op, source_, destination_, dx, dw);
}

TEST_P(DftConvolution, ConvTranspose2dEqualsReference) {
  if (s_.height % s_.stride || s_.width % s_.stride) return;  // its output is a whole multiple
  const ConvShape t{s_.batch, out_h_, out_w_, s_.out, s_.in, s_.kernel, s_.stride};
  const auto op = cpu::make_dft_conv_transpose2d(geometry(s_), {});
  const auto dx = ref::conv_transpose2d_backward_data(t, source_d_, kernel_d_);
  const auto dw = ref::conv_transpose2d_backward_weights(t, destination_d_, source_d_);
  const Results r = run(*op, destination_, source_);
  expect_near(r.y, ref::conv_transpose2d(t, destination_d_, kernel_d_), sum_bound(taps_ * s_.out),
              "forward");
  expect_near(r.dx, dx, sum_bound(taps_ * s_.in), "backward-data");
  expect_near(r.dw, dw, sum_bound(s_.batch * out_h_ * out_w_), "backward-weights");
  expect_separate_calls(*op, destination_, source_, dx, dw);
}

TEST_P(DftConvolution, BitsDoNotDependOnThreads) {
  const int threads = omp_get_max_threads();
  const auto results = [&](int n) {
    omp_set_num_threads(n);
    return run(*cpu::make_dft_conv2d(geometry(s_), {}), source_, destination_);
  };
  const Results one = results(1), many = results(13);
  omp_set_num_threads(threads);
  EXPECT_EQ(one.y, many.y);
  EXPECT_EQ(one.dx, many.dx);
  EXPECT_EQ(one.dw, many.dw);
}

INSTANTIATE_TEST_SUITE_P(Cases, DftConvolution, testing::ValuesIn(cases()));

TEST(DftGeometry, CountsTheMultiplicationsOfTheAlgebra) {
  const DftGeometry seven = geometry({256, 7, 7, 64, 128, 5, 1});
  EXPECT_EQ(seven.length, 9);
  EXPECT_EQ(seven.products(), 161);
  EXPECT_EQ(seven.planes, 81);
  const DftGeometry fourteen = geometry({256, 14, 14, 32, 64, 5, 2});
  EXPECT_EQ(fourteen.length, 8);
  EXPECT_EQ(fourteen.products() * fourteen.phases, 496);
}

TEST(DftGeometry, PaysWhereTheProductsOutweighTheTransforms) {
  EXPECT_TRUE(geometry({256, 7, 7, 64, 128, 5, 1}).pays());
  EXPECT_TRUE(geometry({512, 14, 14, 32, 64, 5, 2}).pays());
  EXPECT_FALSE(geometry({512, 28, 28, 1, 32, 5, 2}).pays());
  EXPECT_FALSE(geometry({1, 7, 7, 64, 128, 5, 1}).pays());
  EXPECT_FALSE(geometry({256, 7, 7, 64, 128, 1, 1}).possible());
  EXPECT_FALSE(geometry({256, 64, 64, 64, 128, 5, 1}).possible());
}

}  // namespace
}  // namespace dcgan::test
