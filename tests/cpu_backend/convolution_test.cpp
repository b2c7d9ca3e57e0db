// The cpu backend's own convolutions in every shape of their algebra and on every vector target,
// against the references; here they are called by themselves, whether the backend would choose them
// or not.
#include <gtest/gtest.h>
#include <omp.h>
#include <limits>

#include "backend/cpu/dft_convolution.h"
#include "backend/cpu/one_channel.h"
#include "cpu_backend/compare.h"
#include "cpu_backend/targets.h"
#include "ops/case.h"
#include "ref/reference.h"

namespace dcgan::test {
namespace {

using cpu::DftGeometry;

struct Algorithm {
  const char* name;
  std::unique_ptr<cpu::Convolution> (*make)(const ConvShape&);
};

/// One for all cases: what one leaves behind must not harm the next.
std::shared_ptr<cpu::DftScratch> scratch() {
  static const auto shared = std::make_shared<cpu::DftScratch>();
  return shared;
}

const Algorithm dft{
    "DFT", [](const ConvShape& s) { return cpu::make_dft_convolution(DftGeometry(s), scratch()); }};
const Algorithm dft_by_twos{"DFT, two samples at a time", [](const ConvShape& s) {
                              return cpu::make_dft_convolution(DftGeometry(s), scratch(), 2);
                            }};
const Algorithm one_channel{
    "one channel", [](const ConvShape& s) { return cpu::make_one_channel_convolution(s); }};

struct Case {
  std::int64_t target;
  Algorithm algorithm;
  ConvShape shape;  ///< conv2d's; as a transposed convolution it runs from its output to its input
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  const ConvShape& s = c.shape;
  return out << c.algorithm.name << " on " << hwy::TargetName(c.target) << " n" << s.batch << " "
             << s.height << "x" << s.width << "x" << s.in << " to " << s.out << " k" << s.kernel
             << " s" << s.stride;
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const std::int64_t target : supported_targets()) {
    for (const ConvShape& shape : {
             ConvShape{3, 7, 7, 64, 128, 5, 1},  // the generators' first layer
             {3, 14, 14, 32, 64, 5, 2},          // their second, and the discriminator's
             {2, 28, 28, 16, 32, 5, 2},          // an even window: 14, L = 15
             {4, 14, 14, 7, 5, 3, 1},   // the same at stride 1; channels that fill no vector
             {2, 8, 8, 33, 17, 4, 2},   // an even kernel
             {2, 6, 6, 3, 50, 4, 1},    // padded unevenly
             {5, 9, 9, 20, 16, 4, 3},   // stride 3
             {2, 13, 13, 8, 8, 7, 2},   // an odd size at stride 2: phases of 7 and 6
             {2, 12, 10, 9, 16, 5, 2},  // a rectangle
             {3, 3, 15, 16, 2, 7, 1},   // a window of 15 and one that the kernel covers
             {1, 2, 2, 1, 1, 2, 1},     // the least
         })
      all.push_back({target, dft, shape});
    all.push_back({target, dft_by_twos, {5, 7, 7, 17, 16, 5, 1}});
    for (const ConvShape& shape : {
             ConvShape{3, 28, 28, 1, 32, 5, 2},  // dcgan's
             {3, 28, 28, 1, 64, 5, 2},           // tf-tutorial's
             {70, 9, 9, 1, 16, 3, 1},            // more samples than partial sums
             {2, 10, 7, 1, 50, 5, 1},            // a rectangle; channels that fill no vector
             {2, 11, 8, 1, 7, 4, 3},             // an even kernel, stride 3
             {2, 4, 4, 1, 1, 2, 2},              // no padding
             {1, 1, 1, 1, 3, 1, 1},              // the least
             {1, 64, 64, 1, 8, 5, 2},
         })
      all.push_back({target, one_channel, shape});
  }
  return all;
}

/// What an op makes of its inputs.
struct Results {
  Floats y, dx, dw;
};

class CpuConvolution : public testing::TestWithParam<Case> {
 protected:
  ForcedTarget forced_{GetParam().target};
  ConvShape s_ = GetParam().shape;
  std::int64_t positions_ = s_.batch * s_.out_height() * s_.out_width();
  std::int64_t taps_ = s_.kernel * s_.kernel;
  Floats source_ = normal_floats(s_.x_size(), 1);
  Floats kernel_ = normal_floats(s_.kernel_size(), 2);
  Floats destination_ = normal_floats(s_.y_size(), 3);
  std::vector<double> source_d_ = widened(source_), kernel_d_ = widened(kernel_),
                      destination_d_ = widened(destination_);

  std::unique_ptr<LinearOp> conv2d() const {
    return cpu::make_layer(GetParam().algorithm.make(s_), s_, {});
  }

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

TEST_P(CpuConvolution, Conv2dEqualsReference) {
  const auto op = conv2d();
  const auto dx = ref::conv2d_backward_data(s_, destination_d_, kernel_d_);
  const auto dw = ref::conv2d_backward_weights(s_, source_d_, destination_d_);
  const Results r = run(*op, source_, destination_);
  expect_near(r.y, ref::conv2d(s_, source_d_, kernel_d_), sum_bound(taps_ * s_.in), "forward");
  expect_near(r.dx, dx, sum_bound(taps_ * s_.out), "backward-data");
  expect_near(r.dw, dw, sum_bound(positions_), "backward-weights");
  expect_separate_calls(*op, source_, destination_, dx, dw);
}

TEST_P(CpuConvolution, ConvTranspose2dEqualsReference) {
  if (s_.height % s_.stride || s_.width % s_.stride) return;  // its output is a whole multiple
  const ConvShape t{s_.batch, s_.out_height(), s_.out_width(), s_.out,
                    s_.in,    s_.kernel,       s_.stride,      true};
  const auto op = cpu::make_layer(GetParam().algorithm.make(s_), t, {});
  const auto dx = ref::conv_transpose2d_backward_data(t, source_d_, kernel_d_);
  const auto dw = ref::conv_transpose2d_backward_weights(t, destination_d_, source_d_);
  const Results r = run(*op, destination_, source_);
  expect_near(r.y, ref::conv_transpose2d(t, destination_d_, kernel_d_), sum_bound(taps_ * s_.out),
              "forward");
  expect_near(r.dx, dx, sum_bound(taps_ * s_.in), "backward-data");
  expect_near(r.dw, dw, sum_bound(positions_), "backward-weights");
  expect_separate_calls(*op, destination_, source_, dx, dw);
}

TEST_P(CpuConvolution, BitsDoNotDependOnThreads) {
  const int threads = omp_get_max_threads();
  const auto results = [&](int n) {
    omp_set_num_threads(n);
    return run(*conv2d(), source_, destination_);
  };
  const Results one = results(1), many = results(13);
  omp_set_num_threads(threads);
  EXPECT_EQ(one.y, many.y);
  EXPECT_EQ(one.dx, many.dx);
  EXPECT_EQ(one.dw, many.dw);
}

INSTANTIATE_TEST_SUITE_P(Cases, CpuConvolution, testing::ValuesIn(cases()));

TEST(DftGeometry, CountsTheMultiplicationsOfTheAlgebra) {
  const DftGeometry seven = DftGeometry({256, 7, 7, 64, 128, 5, 1});
  EXPECT_EQ(seven.length, 9);
  EXPECT_EQ(seven.products(), 121);
  EXPECT_EQ(seven.planes, 81);
  const DftGeometry fourteen = DftGeometry({256, 14, 14, 32, 64, 5, 2});
  EXPECT_EQ(fourteen.length, 8);
  EXPECT_EQ(fourteen.products() * fourteen.phases, 376);
}

TEST(DftGeometry, PaysWhereTheProductsOutweighTheTransforms) {
  EXPECT_TRUE(DftGeometry({256, 7, 7, 64, 128, 5, 1}).pays());
  EXPECT_TRUE(DftGeometry({512, 14, 14, 32, 64, 5, 2}).pays());
  EXPECT_FALSE(DftGeometry({512, 28, 28, 1, 32, 5, 2}).pays());
  EXPECT_FALSE(DftGeometry({1, 7, 7, 64, 128, 5, 1}).pays());
  EXPECT_FALSE(DftGeometry({256, 7, 7, 64, 128, 1, 1}).possible());
  EXPECT_FALSE(DftGeometry({256, 64, 64, 64, 128, 5, 1}).possible());
}

}  // namespace
}  // namespace dcgan::test
