// The classifier's loss from one class to a thousand, where logits are extreme, equal or NaN.
#include "ops/softmax_loss_case.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ref/reference.h"

namespace dcgan::test {
namespace {

class SoftmaxLossRun final : public Run {
 public:
  SoftmaxLossRun(std::int64_t batch, std::int64_t classes, const Floats& logits,
                 const std::vector<int>& labels, Backend& backend)
      : backend_(backend),
        batch_(batch),
        classes_(classes),
        logits_(backend, logits),
        labels_(backend, Floats(labels.begin(), labels.end())),
        adjoint_(backend, "adjoint", Floats(logits.size(), unwritten)),
        losses_(backend, "losses", Floats(2, unwritten)),
        alone_(backend, "losses alone", Floats(2, unwritten)) {}
  void pass(std::size_t index) override {
    backend_.softmax_loss({batch_, classes_, logits_.data(), labels_.data(),
                           index == 0 ? adjoint_.data() : nullptr,
                           index == 0 ? losses_.data() : alone_.data()});
  }
  std::vector<Result> results() const override {
    return {adjoint_.read(), losses_.read(), alone_.read()};
  }
  Floats adjoint() const { return adjoint_.values(); }
  /// The mean at other logits.
  double loss_at(const Floats& logits) {
    logits_.set(logits);
    pass(1);
    return static_cast<double>(alone_.values()[0]);
  }

 private:
  static constexpr float unwritten = -1e30F;  // not NaN, which some results are

  Backend& backend_;
  std::int64_t batch_, classes_;
  Input<float> logits_, labels_;
  Output<float> adjoint_, losses_, alone_;
};

SoftmaxLoss of_size(std::int64_t batch, std::int64_t classes, float* adjoint) {
  return {batch, classes, nullptr, nullptr, adjoint, nullptr};
}

float some_adjoint = 0;

}  // namespace

std::string SoftmaxLossCase::name() const {
  constexpr const char* kinds[] = {"", "_extreme", "_ties", "_sure", "_nan", "_foreign"};
  return "softmax_loss_" + std::to_string(batch_) + "x" + std::to_string(classes_) +
         kinds[static_cast<int>(kind_)];
}

Floats SoftmaxLossCase::logits() const {
  Floats v = normal_floats(batch_ * classes_, 1);
  for (float& x : v) x = kind_ == Kind::ties ? std::round(std::clamp(x, -1.0F, 1.0F)) : 3 * x;
  constexpr float extremes[] = {80, -80, 100, -100, 10000, -10000, 0};
  if (kind_ == Kind::extreme) {
    for (std::size_t i = 0, next = 0; i < v.size(); i += classes_ < 3 ? 1 : 3)
      v[i] = extremes[next++ % std::size(extremes)];
    // Not the label's, and not the largest.
    if (classes_ > 2) v[static_cast<std::size_t>(labels()[0] == 1 ? 2 : 1)] = -INFINITY;
  }
  if (kind_ == Kind::sure)
    for (std::size_t i = 0; i < labels().size(); ++i)
      v[i * static_cast<std::size_t>(classes_) + static_cast<std::size_t>(labels()[i])] += 24;
  if (kind_ == Kind::nan) v[v.size() / 2] = std::numeric_limits<float>::quiet_NaN();
  return v;
}

std::vector<int> SoftmaxLossCase::labels() const {
  std::vector<int> all;
  for (std::int64_t i = 0; i < batch_; ++i) all.push_back(static_cast<int>((i * 7 + 3) % classes_));
  if (kind_ == Kind::foreign) {
    all.front() = -1;
    all[all.size() / 2] = static_cast<int>(classes_);
  }
  if (kind_ == Kind::ties) {
    const Floats x = logits();
    for (std::int64_t i = 0; i < batch_; i += 2) {
      const auto row = x.begin() + i * classes_;
      all[static_cast<std::size_t>(i)] =
          static_cast<int>(std::max_element(row, row + classes_) - row);
    }
  }
  return all;
}

std::vector<Pass> SoftmaxLossCase::passes() const {
  const Op both = describe(of_size(batch_, classes_, &some_adjoint)),
           alone = describe(of_size(batch_, classes_, nullptr));
  return {{"loss and adjoint", both, both.bytes}, {"loss", alone, alone.bytes}};
}

std::unique_ptr<Run> SoftmaxLossCase::start(Backend& backend) const {
  return std::make_unique<SoftmaxLossRun>(batch_, classes_, logits(), labels(), backend);
}

std::vector<Expected> SoftmaxLossCase::expected() const {
  const ref::SoftmaxLosses r = ref::softmax_loss(widened(logits()), labels());
  // Entry by entry: an adjoint of 1e-25 counts too. x - max is rounded, by 4e-6 where it is 60.
  const Expected adjoint{"adjoint", r.adjoint, 1e-27, 4e-6};
  return {adjoint,
          {"losses", {r.loss, r.right}, 1e-43, 2e-6},
          {"losses alone", {r.loss, r.right}, 1e-43, 2e-6}};
}

std::vector<Slope> SoftmaxLossCase::slopes(Backend& backend) const {
  if (kind_ != Kind::moderate && kind_ != Kind::ties) return {};
  constexpr double step = 0.01, bound = 0.01;
  const Floats x = logits();
  SoftmaxLossRun run(batch_, classes_, x, labels(), backend);
  run.pass(0);
  return {slope(
      "logits", [&](const Floats& v) { return run.loss_at(v); }, x, run.adjoint(), step, bound)};
}

namespace {

using Kind = SoftmaxLossCase::Kind;

Cases softmax_loss_cases() {
  Cases cases;
  const auto add = [&](std::int64_t batch, std::int64_t classes, Kind kind) {
    cases.push_back(std::make_shared<SoftmaxLossCase>(batch, classes, kind));
  };
  for (const Kind kind :
       {Kind::moderate, Kind::extreme, Kind::ties, Kind::sure, Kind::nan, Kind::foreign})
    for (const auto& [batch, classes] :
         {std::pair{1, 1}, {1, 10}, {5, 2}, {32, 32}, {33, 10}, {67, 33}, {9, 1000}, {257, 10}})
      add(batch, classes, kind);
  // More rows than the kernel has threads.
  add(1100, 10, Kind::moderate);
  add(1100, 3, Kind::ties);
  add(64, 1000, Kind::moderate);
  return cases;
}

const AddOpCases added(
    {.op = "softmax_loss",
     .all = softmax_loss_cases,
     .has_slopes = true,
     .described = {{describe(of_size(5, 7, &some_adjoint)), "softmax_loss 5x7", 40 * 35,
                    4 * (35 + 5 + 35)},
                   {describe(of_size(5, 7, nullptr)), "softmax_loss 5x7", 20 * 35, 4 * (35 + 5)}},
     .of = [](const Op& op) -> std::shared_ptr<const Case> {
       return std::make_shared<SoftmaxLossCase>(op.at("batch"), op.at("classes"));
     }});

}  // namespace
}  // namespace dcgan::test
