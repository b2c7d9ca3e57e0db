// The loss, with hard labels and smoothed ones, at moderate and extreme logits.
#include "ops/loss_case.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "ref/reference.h"

namespace dcgan::test {
namespace {

class LossRun final : public Run {
 public:
  /// codes: empty of one logit for each sample.
  LossRun(std::int64_t batch, const LossTargets& targets, const Floats& logits, const Floats& codes,
          Backend& backend)
      : backend_(backend),
        batch_(batch),
        targets_(targets),
        columns_(std::ssize(logits) / (2 * batch)),
        logits_(backend, logits),
        codes_(backend, codes.empty() ? Floats{0} : codes),
        discriminator_(backend, "discriminator adjoint", 2 * batch),
        generator_(backend, "generator adjoint", batch),
        ratio_(backend, "ratio", batch),
        losses_(backend, "losses", 2),
        sum_(backend, "adjoint sum", 1) {}
  void pass(std::size_t) override {
    backend_.gan_loss({batch_, targets_.real, targets_.fake, targets_.generator, logits_.data(),
                       discriminator_.data(), generator_.data(), ratio_.data(), losses_.data(),
                       targets_.relativistic, columns_, columns_ > 1 ? codes_.data() : nullptr,
                       sum_.data()});
  }
  std::vector<Result> results() const override {
    return {discriminator_.read(), generator_.read(), ratio_.read(), losses_.read(), sum_.read()};
  }
  Floats discriminator_adjoint() const { return discriminator_.values(); }
  Floats generator_adjoint() const { return generator_.values(); }
  /// L_G, L_D at other logits.
  Floats losses_at(const Floats& logits) {
    logits_.set(logits);
    pass(0);
    return losses_.values();
  }

 private:
  Backend& backend_;
  std::int64_t batch_;
  LossTargets targets_;
  std::int64_t columns_;
  Input<float> logits_, codes_;
  Output<float> discriminator_, generator_, ratio_, losses_, sum_;
};

}  // namespace

std::string LossCase::name() const {
  return "loss_n" + std::to_string(batch_) + targets_.name + (extreme_ ? "_extreme" : "") +
         (columns_ > 1 ? "_columns" + std::to_string(columns_) : "");
}

Floats LossCase::logits() const {
  Floats v = normal_floats(2 * batch_ * columns_, 1);
  for (float& x : v) x *= 3;
  constexpr float extremes[] = {80, -80, 100, -100, -60, -61, 0};
  if (extreme_)
    for (std::size_t i = 0, next = 0; i < v.size(); i += batch_ < 8 ? 1 : 3)
      v[i] = extremes[next++ % std::size(extremes)];
  return v;
}

/// Of a class each, but for every fifth sample, whose code is any numbers.
Floats LossCase::codes() const {
  if (columns_ == 1) return {};
  Floats v = normal_floats(2 * batch_ * columns_, 2);
  for (std::int64_t i = 0; i < 2 * batch_; ++i)
    for (std::int64_t j = 0; j < columns_ && i % 5 != 4; ++j)
      v[static_cast<std::size_t>(i * columns_ + j)] = j == i * 7 % columns_ ? 1 : 0;
  return v;
}

std::vector<Pass> LossCase::passes() const {
  GanLoss loss{};
  loss.batch = batch_;
  loss.columns = columns_;
  const Op op = describe(loss);
  return {{"losses and adjoints", op, op.bytes}};
}

std::unique_ptr<Run> LossCase::start(Backend& backend) const {
  return std::make_unique<LossRun>(batch_, targets_, logits(), codes(), backend);
}

std::vector<Expected> LossCase::expected() const {
  const ref::Vector of_columns = widened(logits()), by = widened(codes());
  ref::Vector x = of_columns;
  if (columns_ > 1) {
    x.assign(static_cast<std::size_t>(2 * batch_), 0);
    for (std::size_t i = 0; i < by.size(); ++i)
      x[i / static_cast<std::size_t>(columns_)] += by[i] * of_columns[i];
  }
  const ref::GanLosses r = targets_.relativistic
                               ? ref::relativistic_loss(x, targets_.real, targets_.generator)
                               : ref::gan_loss(x, targets_.real, targets_.fake, targets_.generator);
  // Entry by entry: an adjoint of 1e-35 counts too. The smallest are denormal: their last bit is
  // 1.4e-45. Of a pair the logits' difference is rounded, which at 100 is 4e-6 of its exponential,
  // and can be so large that nothing is left of the adjoint. So is a sum of logits.
  const bool far = (targets_.relativistic && extreme_) || columns_ > 1;
  const auto each = [&](const char* of, const std::vector<double>& values) {
    return Expected{of, values, far ? 1e-37 : 1e-43, far ? 1e-5 : 1e-6};
  };
  double sum = 0, magnitudes = 0;
  for (const double adjoint : r.discriminator_adjoint)
    sum += adjoint, magnitudes += std::abs(adjoint);
  return {each("discriminator adjoint", r.discriminator_adjoint),
          each("generator adjoint", r.generator_adjoint),
          each("ratio", r.ratio),
          each("losses", {r.generator, r.discriminator}),
          {"adjoint sum", {sum}, 1e-6 * magnitudes}};
}

std::vector<Slope> LossCase::slopes(Backend& backend) const {
  if (extreme_ || columns_ > 1) return {};  // losses of 100 beside derivatives of 1e-20
  constexpr double step = 0.01, bound = 0.01;
  const Floats x = logits();
  LossRun run(batch_, targets_, x, {}, backend);
  run.pass(0);
  const Floats discriminator = run.discriminator_adjoint(), of_fakes = run.generator_adjoint();
  Floats generator(x.size());  // the real half has no part in L_G, but in pairs
  if (targets_.relativistic)
    std::transform(of_fakes.begin(), of_fakes.end(), generator.begin(), std::negate<>());
  std::copy(of_fakes.begin(), of_fakes.end(), generator.begin() + batch_);
  const auto loss = [&](std::size_t which) {
    return [&run, which](const Floats& v) { return static_cast<double>(run.losses_at(v)[which]); };
  };
  return {slope("logits, L_G", loss(0), x, generator, step, bound),
          slope("logits, L_D", loss(1), x, discriminator, step, bound)};
}

LossTargets smoothed_targets(double smoothing) {
  const auto high = static_cast<float>(1 - smoothing / 2), low = static_cast<float>(smoothing / 2);
  return {smoothing > 0 ? "_smoothed" : "", high, low, high};
}

namespace {

Cases loss_cases() {
  // The ratio is defined if the fake's target is 0 and the generator's 1, whatever the real one's.
  const LossTargets real_smoothed{"_real_smoothed", 0.9F, 0, 1},
      fake_smoothed{"_fake_smoothed", 1, 0.1F, 1},
      generator_smoothed{"_generator_smoothed", 1, 0, 0.9F}, pairs{"_pairs", 1, 0, 1, true},
      pairs_smoothed{"_pairs_smoothed", 0.9F, 0.3F, 0.8F, true};
  Cases cases;
  for (const bool extreme : {false, true}) {
    for (const std::int64_t batch : {1, 5, 96, 255, 256, 257})
      for (const LossTargets& targets : {smoothed_targets(0), smoothed_targets(0.1)})
        cases.push_back(std::make_shared<LossCase>(batch, targets, extreme));
    for (const LossTargets& targets :
         {real_smoothed, fake_smoothed, generator_smoothed, pairs, pairs_smoothed})
      cases.push_back(std::make_shared<LossCase>(96, targets, extreme));
    cases.push_back(std::make_shared<LossCase>(257, pairs, extreme));
  }
  cases.push_back(std::make_shared<LossCase>(96, pairs, false, 10));
  cases.push_back(std::make_shared<LossCase>(257, pairs_smoothed, false, 3));
  cases.push_back(std::make_shared<LossCase>(33, smoothed_targets(0), false, 7));
  cases.push_back(std::make_shared<LossCase>(1, smoothed_targets(0.1), false, 256));
  return cases;
}

GanLoss of_batch(std::int64_t batch, std::int64_t columns = 1) {
  GanLoss loss{};
  loss.batch = batch;
  loss.columns = columns;
  return loss;
}

const AddOpCases added({.op = "loss",
                        .all = loss_cases,
                        .has_slopes = true,
                        // logits; adjoints, ratio
                        .described = {{describe(of_batch(5)), "loss 5", 500,
                                       4 * (2 + 2 + 1 + 1) * 5},
                                      {describe(of_batch(5, 10)), "loss 5x10", 500 + 2 * 100,
                                       4 * (2 * 20 + 2 + 1 + 1) * 5}},
                        .of = [](const Op& op) -> std::shared_ptr<const Case> {
                          const bool one = op.shape.size() == 1;
                          return std::make_shared<LossCase>(op.at("batch"), smoothed_targets(0),
                                                            false, one ? 1 : op.at("columns"));
                        }});

}  // namespace
}  // namespace dcgan::test
