// Batch normalisation's three passes and the shapes they are tried at.
#include "ops/batch_norm_case.h"

#include <algorithm>
#include <cmath>

#include "ref/reference.h"

namespace dcgan::test {
namespace {

enum class Kinks { met, avoided };

/// In the order of BatchNormCase::passes().
enum PassIndex : std::size_t { inference_pass, training_pass, backward_pass };

struct Inputs {
  /// met: LeakyReLU's kink. Some channels are zero after gamma and beta; some, which do not vary,
  /// after beta alone.
  Inputs(const BatchNormShape& s, float mean, Kinks kinks = Kinks::met)
      : x(normal_floats(s.rows * s.channels, 1)),
        gamma(normal_floats(s.channels, 2)),
        beta(normal_floats(s.channels, 3)),
        dy(normal_floats(s.rows * s.channels, 4)),
        moving_mean(normal_floats(s.channels, 5)),
        moving_variance(normal_floats(s.channels, 6)) {
    for (float& v : x) v = v * 0.5F + mean;
    for (float& v : moving_mean) v += mean;
    for (float& v : moving_variance) v = std::abs(v) + 0.1F;
    if (kinks == Kinks::avoided) return;
    const std::size_t channels = gamma.size();
    for (std::size_t c = 2; c < channels; c += 5) gamma[c] = beta[c] = 0;
    for (std::size_t c = 3; c < channels; c += 5) {
      beta[c] = 0;
      for (std::size_t i = c; i < x.size(); i += channels) x[i] = mean;
    }
  }
  Floats x, gamma, beta, dy, moving_mean, moving_variance;
};

class BatchNormRun final : public Run {
 public:
  BatchNormRun(const BatchNormShape& s, const Inputs& in, bool in_place, Backend& backend)
      : op_(backend.batch_norm(s)),
        in_place_(in_place),
        x_(backend, in.x),
        gamma_(backend, in.gamma),
        beta_(backend, in.beta),
        read_mean_(backend, in.moving_mean),
        read_variance_(backend, in.moving_variance),
        moving_mean_(backend, "moving mean", in.moving_mean),
        moving_variance_(backend, "moving variance", in.moving_variance),
        inference_(backend, "inference", s.rows * s.channels),
        y_(backend, "y", s.rows * s.channels),
        mean_(backend, "mean", s.channels),
        inv_std_(backend, "inv_std", s.channels),
        dy_(backend, in_place ? "dx" : "dy", in.dy),
        dx_(backend, "dx", s.rows * s.channels),
        dgamma_(backend, "dgamma", s.channels),
        dbeta_(backend, "dbeta", s.channels) {}

  void restore(std::size_t index) override {
    if (index == training_pass) moving_mean_.restore(), moving_variance_.restore();
    if (index == backward_pass) dy_.restore();
  }
  void pass(std::size_t index) override {
    const BatchNormParameters p{gamma_.data(), beta_.data(), moving_mean_.data(),
                                moving_variance_.data()};
    if (index == inference_pass)  // reads the statistics only
      op_->forward_inference(x_.data(),
                             {gamma_.data(), beta_.data(), const_cast<float*>(read_mean_.data()),
                              const_cast<float*>(read_variance_.data())},
                             inference_.data());
    else if (index == training_pass)
      op_->forward_training(x_.data(), p, mean_.data(), inv_std_.data(), y_.data());
    else
      op_->backward(x_.data(), y_.data(), dy_.data(), p, mean_.data(), inv_std_.data(),
                    in_place_ ? dy_.data() : dx_.data(), dgamma_.data(), dbeta_.data());
  }
  std::vector<Result> results() const override {
    return {inference_.read(),
            y_.read(),
            mean_.read(),
            inv_std_.read(),
            moving_mean_.read(),
            moving_variance_.read(),
            in_place_ ? dy_.read() : dx_.read(),
            dgamma_.read(),
            dbeta_.read()};
  }

 private:
  std::unique_ptr<BatchNormOp> op_;
  bool in_place_;
  Input<float> x_, gamma_, beta_, read_mean_, read_variance_;
  Output<float> moving_mean_, moving_variance_, inference_, y_, mean_, inv_std_, dy_, dx_, dgamma_,
      dbeta_;
};

double largest(const std::vector<double>& v) {
  double m = 0;
  for (const double x : v) m = std::max(m, std::abs(x));
  return m;
}

}  // namespace

std::string BatchNormCase::name() const {
  std::string text = "batch_norm_" + std::to_string(s_.rows) + "x" + std::to_string(s_.channels);
  if (s_.activation == Activation::leaky_relu) text += s_.slope > 0 ? "_leaky" : "_relu";
  if (mean_ > 10) text += "_mean" + std::to_string(static_cast<int>(mean_));
  return in_place_ ? text : text + "_apart";
}

std::vector<Pass> BatchNormCase::passes() const {
  const Op inference = describe(s_, Direction::inference),
           training = describe(s_, Direction::forward),
           backward = describe(s_, Direction::backward);
  const double in_place = in_place_ ? 4 * static_cast<double>(s_.rows * s_.channels) : 0;
  return {{"inference", inference, inference.bytes},
          {"training", training, training.bytes},
          {"backward", backward, backward.bytes - in_place}};
}

std::unique_ptr<Run> BatchNormCase::start(Backend& backend) const {
  return std::make_unique<BatchNormRun>(s_, Inputs(s_, mean_), in_place_, backend);
}

std::vector<Expected> BatchNormCase::expected() const {
  const Inputs in(s_, mean_);
  const auto x = widened(in.x), gamma = widened(in.gamma), beta = widened(in.beta);
  const auto f =
      ref::batch_norm(s_, x, gamma, beta, widened(in.moving_mean), widened(in.moving_variance));
  const auto b = ref::batch_norm_backward(s_, x, gamma, beta, widened(in.dy));
  // A mean rounded to float shifts all normalised values of a channel alike.
  const double shift = static_cast<double>(mean_) * 6e-8 * largest(f.inv_std);
  const auto inference = ref::batch_norm_inference(s_, x, gamma, beta, widened(in.moving_mean),
                                                   widened(in.moving_variance));
  const double worst_gain = largest(gamma) / std::sqrt(0.1);
  Expected inferred = near("inference", inference, 1e-6), y = near("y", f.y, 3e-6),
           dx = near("dx", b.dx, 1e-5), dgamma = near("dgamma", b.dgamma, 1e-5);
  inferred.absolute += static_cast<double>(mean_) * 1.2e-7 * worst_gain;
  y.absolute += 2 * shift * largest(gamma);
  dx.absolute += shift * largest(gamma) * largest(f.inv_std);
  dgamma.absolute += shift * largest(b.dbeta);
  if (s_.rows == 1) {  // every gradient but dbeta is the rounding of zero
    const double scale = largest(gamma) * largest(f.inv_std) * 10;
    dx.absolute += scale * 1e-5;
    dgamma.absolute += scale * 1e-5;
  }
  return {inferred,
          y,
          near("mean", f.mean, 5e-7),
          near("inv_std", f.inv_std, 5e-6),
          near("moving mean", f.moving_mean, 2e-7),
          near("moving variance", f.moving_variance, 1e-6),
          dx,
          dgamma,
          near("dbeta", b.dbeta, 1e-5)};
}

std::vector<Slope> BatchNormCase::slopes(Backend& backend) const {
  if (s_.rows < 8) return {};  // the slope is nearly zero, and not constant
  constexpr double step = 3e-4, bound = 0.05;
  const Inputs in(s_, mean_, Kinks::avoided);
  const auto op = backend.batch_norm(s_);
  Input<float> x(backend, in.x), gamma(backend, in.gamma), beta(backend, in.beta),
      dy(backend, in.dy);
  const std::int64_t n = s_.rows * s_.channels;
  const Output<float> moving_mean(backend, "", in.moving_mean),
      moving_variance(backend, "", in.moving_variance), y(backend, "", n),
      mean(backend, "", s_.channels), inv_std(backend, "", s_.channels), dx(backend, "", n),
      dgamma(backend, "", s_.channels), dbeta(backend, "", s_.channels);
  const BatchNormParameters p{gamma.data(), beta.data(), moving_mean.data(),
                              moving_variance.data()};
  const auto forward = [&] {
    op->forward_training(x.data(), p, mean.data(), inv_std.data(), y.data());
    return dot(in.dy, y.values());
  };
  forward();
  op->backward(x.data(), y.data(), dy.data(), p, mean.data(), inv_std.data(), dx.data(),
               dgamma.data(), dbeta.data());
  const auto slope_of = [&](const char* of, Input<float>& operand, const Floats& values,
                            const Floats& gradient) {
    Slope s = slope(
        of, [&](const Floats& v) { return operand.set(v), forward(); }, values, gradient, step,
        bound);
    operand.set(values);
    return s;
  };
  return {slope_of("x", x, in.x, dx.values()), slope_of("gamma", gamma, in.gamma, dgamma.values()),
          slope_of("beta", beta, in.beta, dbeta.values())};
}

namespace {

/// One row and many, channels that are multiples of 4 and not, a large mean.
Cases batch_norm_cases() {
  constexpr auto leaky = Activation::leaky_relu;
  Cases cases;
  const auto add = [&](const BatchNormShape& s, float mean = 3, bool in_place = true) {
    cases.push_back(std::make_shared<BatchNormCase>(s, mean, in_place));
  };
  // dcgan's three, the last two at small batches
  add({96, 6272, 0.99F, 1e-3F, leaky, 0.3F});
  add({392, 64, 0.99F, 1e-3F, leaky, 0.3F});
  add({12544, 32, 0.99F, 1e-3F, leaky, 0.3F});
  add({1, 5, 0.99F, 1e-3F, leaky, 0.3F});
  add({1, 64, 0.99F, 1e-3F});
  add({2, 4, 0.99F, 1e-3F});
  add({3, 1, 0.9F, 1e-3F});
  add({150, 1, 0.9F, 1e-3F, leaky, 0.2F});
  add({129, 3, 0.99F, 1e-3F, leaky, 0.2F});
  add({96, 4, 0.5F, 1e-2F, leaky, 0.2F});
  add({150, 132, 0.99F, 1e-3F, leaky, 0.3F});
  add({150, 132, 0.99F, 1e-3F, leaky, 0});  // ReLU
  add({129, 3, 0.99F, 1e-3F, leaky, 0});
  add({1, 5, 0.99F, 1e-3F, leaky, 0});
  add({31, 128, 0.99F, 1e-5F});
  add({1000, 33, 0.99F, 1e-3F});
  add({4099, 5, 0.99F, 1e-3F, leaky, 0.3F});
  add({4096, 64, 0.99F, 1e-3F, leaky, 0.3F}, 100);
  add({1001, 3, 0.99F, 1e-3F, leaky, 0.3F}, 100);
  // dcgan's and tf-tutorial's last one at a batch of 256, and rows that the parts of a kernel's
  // sums do not divide: more than 512 parts would take 64 each, or 256 parts 32 each.
  add({50176, 32, 0.99F, 1e-3F, leaky, 0.3F});
  add({50176, 64, 0.99F, 1e-3F, leaky, 0.3F});
  add({32831, 64, 0.99F, 1e-3F, leaky, 0.3F});
  add({8229, 33, 0.99F, 1e-3F, leaky, 0.3F});
  // Whole columns in a block: its most rows, more than those, columns that end within a block, one
  // row, a large mean.
  add({512, 2048, 0.99F, 1e-3F, leaky, 0.3F});
  add({513, 2048, 0.99F, 1e-3F, leaky, 0.3F});
  add({150, 2052, 0.9F, 1e-3F, leaky, 0});
  add({37, 2049, 0.99F, 1e-3F, leaky, 0.2F});
  add({1, 2084, 0.99F, 1e-3F});
  add({300, 2048, 0.99F, 1e-3F, leaky, 0.3F}, 100);
  add({40, 2080, 0.99F, 1e-3F, leaky, 0.3F}, 3, false);
  add({96, 32, 0.99F, 1e-3F, leaky, 0.3F}, 3, false);
  add({97, 33, 0.99F, 1e-3F, leaky, 0.3F}, 3, false);
  return cases;
}

AccessWidths in_packs(std::int64_t rows, std::int64_t channels) {
  const BatchNormShape s{rows, channels, 0.99F, 1e-3F, Activation::leaky_relu, 0.3F};
  return {std::make_shared<BatchNormCase>(s),
          {"batch_norm_statistics", "batch_norm_normalise", "batch_norm_gradient_sums",
           "batch_norm_gradient"},
          {16},
          {16}};
}

constexpr BatchNormShape six_by_seven{6, 7, 0.9F, 1e-3F};
const AddOpCases added({.op = "batch_norm",
                        .all = batch_norm_cases,
                        .has_slopes = true,
                        .described = {{describe(six_by_seven, Direction::forward),
                                       "batch_norm 6x7 forward", 8 * 42, 4 * 2 * 42},
                                      {describe(six_by_seven, Direction::inference),
                                       "batch_norm 6x7 inference", 4 * 42, 4 * 2 * 42},
                                      // x, y and dy; dx
                                      {describe(six_by_seven, Direction::backward),
                                       "batch_norm 6x7 backward", 13 * 42, 4 * 4 * 42}},
                        .accesses = {in_packs(600, 64), in_packs(60, 256)}});

}  // namespace
}  // namespace dcgan::test
