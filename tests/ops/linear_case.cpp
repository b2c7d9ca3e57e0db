// The three passes of a layer with a kernel.
#include "ops/linear_case.h"

#include <algorithm>
#include <cmath>

namespace dcgan::test {
namespace {

struct Inputs {
  explicit Inputs(const LinearCase::Sizes& s)
      : x(normal_floats(s.x, 1)),
        kernel(normal_floats(s.kernel, 2)),
        dz(normal_floats(s.z, 3)),
        bias(normal_floats(s.channels, 4)),
        keep(random_mask(s.z, 5)) {}
  Floats x, kernel, dz, bias;
  std::vector<std::uint8_t> keep;
};

std::string forward_name(const Forward& f) {
  std::string name = "forward";
  if (f.epilogue.bias) name += " bias";
  if (f.epilogue.activation == Activation::leaky_relu)
    name += f.epilogue.slope > 0 ? " leaky" : " relu";
  if (f.epilogue.activation == Activation::tanh) name += " tanh";
  if (f.epilogue.dropout_rate > 0) name += f.masked ? " dropout" : " inference";
  return name;
}

class LinearRun final : public Run {
 public:
  LinearRun(const LinearCase& c, const Inputs& in, Backend& backend)
      : forwards_(c.forwards()),
        x_(backend, in.x),
        kernel_(backend, in.kernel),
        dz_(backend, in.dz),
        bias_(backend, in.bias),
        keep_(backend, in.keep),
        dx_(backend, "dx", c.sizes().x),
        dkernel_(backend, "dkernel", c.sizes().kernel) {
    for (const Forward& f : forwards_) {
      ops_.push_back(c.plan(backend, f.epilogue));
      y_.push_back(std::make_unique<Output<float>>(backend, forward_name(f), c.sizes().z));
    }
  }
  void pass(std::size_t index) override {
    if (index < forwards_.size())
      run_forward(index, x_.data(), kernel_.data());
    else if (index == forwards_.size())
      ops_[0]->backward_data(dz_.data(), kernel_.data(), dx_.data());
    else
      ops_[0]->backward_weights(x_.data(), dz_.data(), dkernel_.data());
  }
  std::vector<Result> results() const override {
    std::vector<Result> all;
    for (const auto& y : y_) all.push_back(y->read());
    all.push_back(dx_.read());
    all.push_back(dkernel_.read());
    return all;
  }

 private:
  void run_forward(std::size_t index, const float* x, const float* kernel) {
    const Forward& f = forwards_[index];
    ops_[index]->forward(x, kernel, f.epilogue.bias ? bias_.data() : nullptr,
                         f.epilogue.dropout_rate > 0 && f.masked ? keep_.data() : nullptr,
                         y_[index]->data());
  }

  const std::vector<Forward>& forwards_;
  Input<float> x_, kernel_, dz_, bias_;
  Input<std::uint8_t> keep_;
  Output<float> dx_, dkernel_;
  std::vector<std::unique_ptr<LinearOp>> ops_;
  std::vector<std::unique_ptr<Output<float>>> y_;
};

ref::Vector squares(ref::Vector v) {
  for (double& x : v) x *= x;
  return v;
}

/// What a sum of products may be off by whose factors are rounded to 11 bits, by up to 2^-11 each:
/// the errors have either sign, and so add up as the products' root mean square does. It is some
/// 0.6 * 2^-11 for both factors of a product, whose largest error is 2 * 2^-11; twice that is in
/// any sum of four terms or less, and nearly seven root mean squares.
double tf32_bound(const ref::Vector& sums_of_squares) {
  double largest = 0;
  for (const double sum : sums_of_squares) largest = std::max(largest, sum);
  return 4 * std::ldexp(1.0, -11) * std::sqrt(largest);
}

}  // namespace

std::vector<Forward> all_forwards() {
  constexpr auto leaky = Activation::leaky_relu;
  return {{},
          {{true, leaky, 0.3F, 0.3F}},
          {{true, leaky, 0, 0.3F}, false},
          {{true, Activation::tanh, 0, 0}}};
}

std::vector<Pass> LinearCase::passes() const {
  std::vector<Pass> all;
  const auto add = [&](std::string name, Op op) {  // touches each operand once
    all.push_back({std::move(name), op, op.bytes});
  };
  for (const Forward& f : forwards_)
    add(forward_name(f), describe(Direction::forward, f.epilogue.dropout_rate > 0 && f.masked));
  for (const Direction back : {Direction::backward_data, Direction::backward_weights})
    add(to_string(back), describe(back));
  return all;
}

std::unique_ptr<Run> LinearCase::start(Backend& backend) const {
  return std::make_unique<LinearRun>(*this, Inputs(sizes()), backend);
}

std::vector<Expected> LinearCase::expected(Precision precision) const {
  const Inputs in(sizes());
  const auto x = widened(in.x), kernel = widened(in.kernel), dz = widened(in.dz),
             bias = widened(in.bias);
  const ref::Vector z = forward(x, kernel);
  // tanh squeezes z, but not the rounding of z where it is near zero.
  double largest = 1;
  for (const double value : z) largest = std::max(largest, std::abs(value));
  std::vector<Expected> all;
  for (const Forward& f : forwards_) {
    const auto y = ref::epilogue(f.epilogue, sizes().channels, z, bias,
                                 f.masked ? in.keep : std::vector<std::uint8_t>());
    const double bound = sum_bound(terms().forward);
    all.push_back(near(forward_name(f), y,
                       f.epilogue.activation == Activation::tanh ? bound * largest : bound));
  }
  all.push_back(near("dx", backward_data(dz, kernel), sum_bound(terms().backward_data)));
  all.push_back(near("dkernel", backward_weights(x, dz), sum_bound(terms().backward_weights)));
  if (precision != Precision::tf32) return all;
  const ref::Vector x2 = squares(x), kernel2 = squares(kernel), dz2 = squares(dz);
  for (std::size_t i = 0; i < forwards_.size(); ++i)
    all[i].absolute +=
        tf32_bound(forward(x2, kernel2)) * static_cast<double>(forwards_[i].epilogue.keep_scale());
  all[forwards_.size()].absolute += tf32_bound(backward_data(dz2, kernel2));
  all.back().absolute += tf32_bound(backward_weights(x2, dz2));
  return all;
}

// <dz, z> is linear in x and in the kernel: any step is exact but for rounding.
std::vector<Slope> LinearCase::slopes(Backend& backend) const {
  constexpr double step = 0.5, bound = 1e-4;
  const Inputs in(sizes());
  const auto op = plan(backend, {});
  Input<float> x(backend, in.x), kernel(backend, in.kernel), dz(backend, in.dz);
  const Output<float> z(backend, "z", sizes().z), dx(backend, "dx", sizes().x),
      dkernel(backend, "dkernel", sizes().kernel);
  const auto loss = [&](Input<float>& operand, const Floats& values) {
    operand.set(values);
    op->forward(x.data(), kernel.data(), nullptr, nullptr, z.data());
    return dot(in.dz, z.values());
  };
  op->backward_data(dz.data(), kernel.data(), dx.data());
  op->backward_weights(x.data(), dz.data(), dkernel.data());
  const Slope of_x = slope(
      "x", [&](const Floats& v) { return loss(x, v); }, in.x, dx.values(), step, bound);
  x.set(in.x);
  return {of_x, slope(
                    "kernel", [&](const Floats& v) { return loss(kernel, v); }, in.kernel,
                    dkernel.values(), step, bound)};
}

}  // namespace dcgan::test
