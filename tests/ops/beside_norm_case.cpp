#include "ops/beside_norm_case.h"

#include <algorithm>
#include <cmath>

namespace dcgan::test {
namespace {

/// What is tried: the layer's bias, and what follows in both batch norms.
struct Variant {
  bool bias;
  Activation activation;
};
constexpr Variant variants[] = {{true, Activation::leaky_relu}, {false, Activation::none}};
const std::string names[] = {" bias leaky", " plain"};

/// In the order of BesideNormCase::passes().
constexpr std::size_t passes_each = 2;
bool is_forward(std::size_t pass) { return pass % passes_each == 0; }

BatchNormShape after(const LinearCase& c, const Variant& v) {
  const auto [x, kernel, z, channels] = c.sizes();
  return {z / channels, channels, 0.9F, 1e-3F, v.activation, 0.3F};
}
BatchNormShape before(const LinearCase& c, const Variant& v) {
  const std::int64_t channels = c.layout().in;
  return {c.sizes().x / channels, channels, 0.9F, 1e-3F, v.activation, 0.3F};
}

/// A batch norm's parameters.
struct Parameters {
  Parameters(std::int64_t channels, unsigned seed)
      : gamma(normal_floats(channels, seed)),
        beta(normal_floats(channels, seed + 1)),
        moving_mean(normal_floats(channels, seed + 2)),
        moving_variance(normal_floats(channels, seed + 3)) {
    for (float& v : moving_variance) v = std::abs(v) + 0.1F;
  }
  Floats gamma, beta, moving_mean, moving_variance;
};

Floats to_floats(const ref::Vector& v) { return {v.begin(), v.end()}; }

struct Inputs {
  explicit Inputs(const BesideNormCase& c)
      : x(normal_floats(c.layer().sizes().x, 1)),
        kernel(normal_floats(c.layer().sizes().kernel, 2)),
        dz(normal_floats(c.layer().sizes().z, 3)),
        bias(normal_floats(c.layer().sizes().channels, 4)),
        normed(normal_floats(c.layer().sizes().x, 5)),
        after(c.layer().sizes().channels, 6),
        before(c.layer().layout().in, 10) {
    const double terms = static_cast<double>(c.layer().terms().forward);
    for (float& v : kernel) v /= static_cast<float>(std::sqrt(terms));
    for (float& v : bias) v += c.mean();
    for (float& v : normed) v = v * 0.5F + c.mean();
    for (const Variant& v : variants)
      forwards.push_back(ref::batch_norm(
          test::before(c.layer(), v), widened(normed), widened(before.gamma), widened(before.beta),
          widened(before.moving_mean), widened(before.moving_variance)));
  }
  Floats x, kernel, dz, bias;
  Floats normed;  ///< the input of the batch norm before the layer
  Parameters after, before;
  std::vector<ref::BatchNormForward> forwards;  ///< of that batch norm, by variant
};

/// What one variant has in memory.
struct OfVariant {
  OfVariant(const BesideNormCase& c, std::size_t i, const Inputs& in, Backend& backend)
      : op(c.layer().plan(backend, {variants[i].bias, Activation::none, 0, 0})),
        norm_after(backend.batch_norm(after(c.layer(), variants[i]))),
        norm_before(backend.batch_norm(before(c.layer(), variants[i]))),
        normed_y(backend, to_floats(in.forwards[i].y)),
        normed_mean(backend, to_floats(in.forwards[i].mean)),
        normed_inv_std(backend, to_floats(in.forwards[i].inv_std)),
        moving_mean(backend, "moving mean" + names[i], in.after.moving_mean),
        moving_variance(backend, "moving variance" + names[i], in.after.moving_variance),
        z(backend, "z" + names[i], c.layer().sizes().z),
        y(backend, "y" + names[i], c.layer().sizes().z),
        mean(backend, "mean" + names[i], c.layer().sizes().channels),
        inv_std(backend, "inv_std" + names[i], c.layer().sizes().channels),
        dx(backend, "dx" + names[i], c.layer().sizes().x),
        dgamma(backend, "dgamma" + names[i], c.layer().layout().in),
        dbeta(backend, "dbeta" + names[i], c.layer().layout().in) {}
  std::unique_ptr<LinearOp> op;
  std::unique_ptr<BatchNormOp> norm_after, norm_before;
  Input<float> normed_y, normed_mean, normed_inv_std;
  Output<float> moving_mean, moving_variance, z, y, mean, inv_std, dx, dgamma, dbeta;
};

class BesideNormRun final : public Run {
 public:
  BesideNormRun(const BesideNormCase& c, const Inputs& in, Backend& backend)
      : layer_(c.layer()),
        x_(backend, in.x),
        kernel_(backend, in.kernel),
        dz_(backend, in.dz),
        bias_(backend, in.bias),
        normed_(backend, in.normed),
        gamma_after_(backend, in.after.gamma),
        beta_after_(backend, in.after.beta),
        gamma_before_(backend, in.before.gamma) {
    for (std::size_t i = 0; i < std::size(variants); ++i)
      of_.push_back(std::make_unique<OfVariant>(c, i, in, backend));
  }
  void restore(std::size_t pass) override {
    OfVariant& of = *of_[pass / passes_each];
    if (is_forward(pass)) of.moving_mean.restore(), of.moving_variance.restore();
  }
  void pass(std::size_t pass) override {
    const Variant& v = variants[pass / passes_each];
    OfVariant& of = *of_[pass / passes_each];
    is_forward(pass) ? forward(v, of) : backward(v, of);
  }
  std::vector<Result> results() const override {
    std::vector<Result> all;
    for (const auto& of : of_)
      for (const Output<float>* one : {&of->z, &of->y, &of->mean, &of->inv_std, &of->moving_mean,
                                       &of->moving_variance, &of->dx, &of->dgamma, &of->dbeta})
        all.push_back(one->read());
    return all;
  }

 private:
  void forward(const Variant& v, OfVariant& of) {
    const BatchNormParameters p{gamma_after_.data(), beta_after_.data(), of.moving_mean.data(),
                                of.moving_variance.data()};
    const float* bias = v.bias ? bias_.data() : nullptr;
    float *z = of.z.data(), *mean = of.mean.data(), *inv_std = of.inv_std.data();
    const BatchNormShape shape = after(layer_, v);
    if (of.op->makes_statistics(shape)) {
      of.op->forward_with_statistics(x_.data(), kernel_.data(), bias, z,
                                     {shape, mean, inv_std, p.moving_mean, p.moving_variance});
      return of.norm_after->normalise(z, p, mean, inv_std, of.y.data());
    }
    of.op->forward(x_.data(), kernel_.data(), bias, nullptr, z);
    of.norm_after->forward_training(z, p, mean, inv_std, of.y.data());
  }
  void backward(const Variant& v, OfVariant& of) {
    float* dx = of.dx.data();
    const BatchNormSums sums{before(layer_, v),     normed_.data(),           of.normed_y.data(),
                             of.normed_mean.data(), of.normed_inv_std.data(), dx,
                             of.dgamma.data(),      of.dbeta.data()};
    if (of.op->makes_sums(sums.shape)) {
      of.op->backward_data_with_sums(dz_.data(), kernel_.data(), sums);
      return of.norm_before->backward_from_sums(sums, gamma_before_.data(), dx);
    }
    of.op->backward_data(dz_.data(), kernel_.data(), dx);
    of.norm_before->backward(sums.x, sums.y, dx, {gamma_before_.data(), nullptr, nullptr, nullptr},
                             sums.mean, sums.inv_std, dx, sums.dgamma, sums.dbeta);
  }

  const LinearCase& layer_;
  Input<float> x_, kernel_, dz_, bias_, normed_, gamma_after_, beta_after_, gamma_before_;
  std::vector<std::unique_ptr<OfVariant>> of_;
};

double largest(const ref::Vector& v) {
  double m = 0;
  for (const double x : v) m = std::max(m, std::abs(x));
  return m;
}

}  // namespace

std::vector<Pass> BesideNormCase::passes() const {
  std::vector<Pass> all;
  for (std::size_t i = 0; i < std::size(variants); ++i) {
    Op forward = layer_->describe(Direction::forward);
    const Op norm = describe(after(*layer_, variants[i]), Direction::forward);
    forward.flops += norm.flops, forward.bytes += norm.bytes;
    Op backward =
        with_sums(layer_->describe(Direction::backward_data), before(*layer_, variants[i]));
    const Op gradient = describe(before(*layer_, variants[i]), Direction::backward);
    backward.flops += gradient.flops, backward.bytes += gradient.bytes;
    all.push_back({"forward" + names[i], forward, forward.bytes});
    all.push_back({"backward-data" + names[i], backward, backward.bytes});
  }
  return all;
}

std::unique_ptr<Run> BesideNormCase::start(Backend& backend) const {
  return std::make_unique<BesideNormRun>(*this, Inputs(*this), backend);
}

std::vector<Expected> BesideNormCase::expected() const {
  const Inputs in(*this);
  const auto [forward_terms, backward_terms, weight_terms] = layer_->terms();
  const ref::Vector product = layer_->forward(widened(in.x), widened(in.kernel));
  const ref::Vector dy = layer_->backward_data(widened(in.dz), widened(in.kernel));
  const double mean = static_cast<double>(mean_);
  // What a value of z and of dy may be off by.
  const double dy_bound = sum_bound(backward_terms);
  const double off_dy = dy_bound * largest(dy);
  std::vector<Expected> all;
  for (std::size_t i = 0; i < std::size(variants); ++i) {
    const Variant& v = variants[i];
    const BatchNormShape shape = after(*layer_, v);
    ref::Vector z = product;
    if (v.bias)
      for (std::size_t at = 0; at < z.size(); ++at)
        z[at] += static_cast<double>(in.bias[at % in.bias.size()]);
    const double off = sum_bound(forward_terms) * largest(product) + (v.bias ? mean * 2.4e-7 : 0);
    const auto f =
        ref::batch_norm(shape, z, widened(in.after.gamma), widened(in.after.beta),
                        widened(in.after.moving_mean), widened(in.after.moving_variance));
    const double gain = largest(f.inv_std), slope = largest(widened(in.after.gamma)) * gain;
    const auto add = [&](std::string name, ref::Vector values, double bound, double absolute) {
      Expected e = near(std::move(name), std::move(values), bound);
      e.absolute += absolute;
      all.push_back(std::move(e));
    };
    add("z" + names[i], z, 0, off);
    // Of channels that hardly vary the offsets are scaled up.
    add("y" + names[i], f.y, 3e-6, 2 * off * slope + off * gain * largest(f.y));
    add("mean" + names[i], f.mean, 5e-7, off);
    add("inv_std" + names[i], f.inv_std, 5e-6, off * gain * gain);
    add("moving mean" + names[i], f.moving_mean, 2e-7, off);
    add("moving variance" + names[i], f.moving_variance, 1e-6, off / gain);

    const auto b = ref::batch_norm_backward(before(*layer_, v), widened(in.normed),
                                            widened(in.before.gamma), widened(in.before.beta), dy);
    const double gain_before = largest(in.forwards[i].inv_std);
    const double shift = mean * 1.2e-7 * gain_before;  // of xhat, by a rounded mean
    const double most = largest(widened(in.before.gamma)) * gain_before;
    const double sums = 1e-5 + 2 * dy_bound + sum_bound(shape.rows);
    add("dx" + names[i], b.dx, 1e-5, most * (4 * off_dy + shift * largest(dy)));
    add("dgamma" + names[i], b.dgamma, sums, shift * largest(b.dbeta) + 4 * off_dy);
    add("dbeta" + names[i], b.dbeta, sums, 4 * off_dy);
  }
  return all;
}

}  // namespace dcgan::test
