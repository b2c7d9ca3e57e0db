// Dense, conv2d and conv_transpose2d of every backend, all three directions, against the
// references.
#include <gtest/gtest.h>

#include "ops/device.h"
#include "ref/reference.h"

namespace dcgan::test {
namespace {

/// What a forward pass is tried with: nothing, what the discriminator has, what the generator ends
/// in.
std::vector<Epilogue> epilogues() {
  return {{}, {true, Activation::leaky_relu, 0.3F, 0.3F}, {true, Activation::tanh, 0, 0}};
}

/// op's forward with each epilogue against the reference's plain result z.
template <class Plan>
void expect_forward(Backend& backend, const Plan& plan, const Buffer& x, const Buffer& kernel,
                    std::int64_t channels, const std::vector<double>& z, double bound,
                    const std::string& what) {
  const auto size = static_cast<std::int64_t>(z.size());
  const Floats bias = normal_floats(channels, 4);
  // tanh squeezes z, but not the rounding of z where it is near zero.
  double largest = 1;
  for (const double value : z) largest = std::max(largest, std::abs(value));
  const std::vector<std::uint8_t> keep = random_mask(size, 5);
  const Buffer bias_ = to_device(backend, bias), keep_ = to_device(backend, keep);
  for (const Epilogue& e : epilogues()) {
    const Buffer y_ = unwritten(backend, size);
    plan(e)->forward(x.f32(), kernel.f32(), e.bias ? bias_.f32() : nullptr,
                     e.dropout_rate > 0 ? keep_.u8() : nullptr, y_.f32());
    expect_near(to_host(backend, y_), ref::epilogue(e, channels, z, widened(bias), keep),
                e.activation == Activation::tanh ? bound * largest : bound,
                what + (e.does_something() ? " forward with epilogue" : " forward"));
  }
}

enum class Kind { conv2d, conv_transpose2d };

struct ConvCase {
  Kind kind;
  ConvShape shape;
};

std::ostream& operator<<(std::ostream& out, const ConvCase& c) {
  const ConvShape& s = c.shape;
  return out << (c.kind == Kind::conv2d ? "conv2d" : "conv_transpose2d") << " n" << s.batch << " "
             << s.height << "x" << s.width << "x" << s.in << " to " << s.out << " k" << s.kernel
             << " s" << s.stride;
}

std::vector<ConvCase> conv_cases() {
  const auto conv = Kind::conv2d, transposed = Kind::conv_transpose2d;
  std::vector<ConvCase> cases = {
      // The layers of dcgan and tf-tutorial at a small batch, in training and as the adjoint pass.
      {conv, {4, 28, 28, 1, 32, 5, 2}},
      {conv, {4, 14, 14, 32, 64, 5, 2}},
      {conv, {2, 28, 28, 1, 64, 5, 2}},
      {conv, {2, 14, 14, 64, 128, 5, 2}},
      {transposed, {2, 7, 7, 128, 64, 5, 1}},
      {transposed, {2, 7, 7, 64, 32, 5, 2}},
      {transposed, {4, 14, 14, 32, 1, 5, 2}},
      {transposed, {1, 7, 7, 256, 128, 5, 1}},
      {transposed, {1, 7, 7, 128, 64, 5, 2}},
      {transposed, {2, 14, 14, 64, 1, 5, 2}},
      {transposed, {96, 14, 14, 32, 1, 5, 2}},
      {conv, {96, 28, 28, 1, 32, 5, 2}},
      // Kernels of other sizes: a point, three, even, and wider than the picture.
      {conv, {3, 7, 7, 8, 12, 1, 1}},
      {conv, {3, 7, 7, 8, 12, 1, 2}},
      {transposed, {3, 7, 7, 8, 12, 1, 2}},
      {conv, {2, 9, 9, 1, 8, 3, 2}},
      {conv, {2, 8, 8, 4, 8, 4, 2}},
      {transposed, {2, 8, 8, 4, 8, 4, 2}},
      {conv, {2, 3, 3, 4, 4, 7, 1}},
      {transposed, {2, 3, 3, 4, 4, 7, 2}},
      // Rectangles and edges.
      {conv, {3, 5, 9, 3, 5, 3, 2}},
      {transposed, {3, 5, 9, 3, 5, 3, 2}},
  };
  for (const std::int64_t size : {1, 7, 29})
    for (const std::int64_t stride : {1, 2})
      for (const auto& [in, out] : {std::pair<int, int>{1, 5}, {3, 33}, {33, 1}, {5, 3}})
        for (const Kind kind : {conv, transposed})
          cases.push_back({kind, {size == 29 ? 1 : 3, size, size, in, out, 5, stride}});
  return cases;
}

class Conv : public testing::TestWithParam<ConvCase> {};

TEST_P(Conv, EqualsReference) {
  const auto& [kind, s] = GetParam();
  const bool straight = kind == Kind::conv2d;
  const std::int64_t out_h = straight ? (s.height + s.stride - 1) / s.stride : s.height * s.stride;
  const std::int64_t out_w = straight ? (s.width + s.stride - 1) / s.stride : s.width * s.stride;
  const std::int64_t x_size = s.batch * s.height * s.width * s.in,
                     z_size = s.batch * out_h * out_w * s.out,
                     w_size = s.kernel * s.kernel * s.in * s.out;
  const Floats x = normal_floats(x_size, 1), w = normal_floats(w_size, 2),
               dz = normal_floats(z_size, 3);
  const auto xd = widened(x), wd = widened(w), dzd = widened(dz);
  for (const std::string& name : present_backends()) {
    const auto backend = make_backend(name, 2);
    const auto plan = [&](const Epilogue& e) {
      return straight ? backend->conv2d(s, e) : backend->conv_transpose2d(s, e);
    };
    const auto op = plan({});
    const Buffer dx_ = unwritten(*backend, x_size), dw_ = unwritten(*backend, w_size);
    const Buffer x_ = to_device(*backend, x), w_ = to_device(*backend, w),
                 dz_ = to_device(*backend, dz);
    op->backward_data(dz_.f32(), w_.f32(), dx_.f32());
    op->backward_weights(x_.f32(), dz_.f32(), dw_.f32());
    const std::int64_t taps = s.kernel * s.kernel;
    expect_forward(*backend, plan, x_, w_, s.out,
                   straight ? ref::conv2d(s, xd, wd) : ref::conv_transpose2d(s, xd, wd),
                   sum_bound(taps * s.in), name);
    expect_near(to_host(*backend, dx_),
                straight ? ref::conv2d_backward_data(s, dzd, wd)
                         : ref::conv_transpose2d_backward_data(s, dzd, wd),
                sum_bound(taps * s.out), name + " backward-data");
    expect_near(to_host(*backend, dw_),
                straight ? ref::conv2d_backward_weights(s, xd, dzd)
                         : ref::conv_transpose2d_backward_weights(s, xd, dzd),
                sum_bound(s.batch * s.height * s.width), name + " backward-weights");
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Conv, testing::ValuesIn(conv_cases()));

class Dense : public testing::TestWithParam<DenseShape> {};

TEST_P(Dense, EqualsReference) {
  const DenseShape s = GetParam();
  const Floats x = normal_floats(s.batch * s.in, 1), w = normal_floats(s.in * s.out, 2),
               dz = normal_floats(s.batch * s.out, 3);
  const auto xd = widened(x), wd = widened(w), dzd = widened(dz);
  for (const std::string& name : present_backends()) {
    const auto backend = make_backend(name, 2);
    const auto plan = [&](const Epilogue& e) { return backend->dense(s, e); };
    const auto op = plan({});
    const Buffer x_ = to_device(*backend, x), w_ = to_device(*backend, w),
                 dz_ = to_device(*backend, dz);
    const Buffer dx_ = unwritten(*backend, s.batch * s.in), dw_ = unwritten(*backend, s.in * s.out);
    op->backward_data(dz_.f32(), w_.f32(), dx_.f32());
    op->backward_weights(x_.f32(), dz_.f32(), dw_.f32());
    expect_forward(*backend, plan, x_, w_, s.out, ref::dense(s, xd, wd), sum_bound(s.in), name);
    expect_near(to_host(*backend, dx_), ref::dense_backward_data(s, dzd, wd), sum_bound(s.out),
                name + " backward-data");
    expect_near(to_host(*backend, dw_), ref::dense_backward_weights(s, xd, dzd), sum_bound(s.batch),
                name + " backward-weights");
  }
}

std::string dense_name(const testing::TestParamInfo<DenseShape>& info) {
  const DenseShape& s = info.param;
  return std::to_string(s.batch) + "x" + std::to_string(s.in) + "_to_" + std::to_string(s.out);
}

INSTANTIATE_TEST_SUITE_P(Shapes, Dense,
                         testing::Values(DenseShape{1, 1, 1}, DenseShape{64, 512, 256},
                                         DenseShape{150, 36, 132}, DenseShape{1, 4, 4},
                                         DenseShape{3, 5, 33}, DenseShape{96, 100, 128},
                                         DenseShape{3, 512, 784}, DenseShape{96, 128, 1},
                                         DenseShape{3, 3136, 1}, DenseShape{3, 100, 6272},
                                         DenseShape{96, 33, 7}, DenseShape{1, 784, 512}),
                         dense_name);

}  // namespace
}  // namespace dcgan::test
