// Adam's first steps and late ones, at sizes that are multiples of 4 and not.
#include "ops/adam_case.h"

#include <cmath>

#include "ref/reference.h"

namespace dcgan::test {
namespace {

/// Parameters start near zero, so that a step of 1e-4 is not rounded away beside them; moments
/// start as they are after some steps, but at zero before the first.
struct Inputs {
  Inputs(std::int64_t n, std::int64_t first, int steps)
      : m(normal_floats(n, 1)), v(normal_floats(n, 2)), w(normal_floats(n, 3)) {
    for (float& x : m) x *= first == 1 ? 0.0F : 0.3F;
    for (float& x : v) x = first == 1 ? 0.0F : x * x;
    for (float& x : w) x *= 1e-3F;
    for (int i = 0; i < steps; ++i)
      gradients.push_back(normal_floats(n, 10 + static_cast<unsigned>(i)));
  }
  Floats m, v, w;
  std::vector<Floats> gradients;
};

class AdamRun final : public Run {
 public:
  AdamRun(const AdamConfig& config, std::int64_t n, std::int64_t first, const Inputs& in,
          Backend& backend)
      : backend_(backend),
        config_(config),
        n_(n),
        first_(first),
        m_(backend, "m", in.m),
        v_(backend, "v", in.v),
        w_(backend, "w", in.w) {
    for (const Floats& g : in.gradients)
      gradients_.push_back(std::make_unique<Input<float>>(backend, g));
  }
  void restore(std::size_t index) override {
    if (index == 0) m_.restore(), v_.restore(), w_.restore();
  }
  void pass(std::size_t index) override {
    backend_.adam({config_, first_ + static_cast<std::int64_t>(index), n_,
                   gradients_[index]->data(), m_.data(), v_.data(), w_.data()});
  }
  std::vector<Result> results() const override { return {m_.read(), v_.read(), w_.read()}; }

 private:
  Backend& backend_;
  AdamConfig config_;
  std::int64_t n_, first_;
  Output<float> m_, v_, w_;
  std::vector<std::unique_ptr<Input<float>>> gradients_;
};

}  // namespace

std::string AdamCase::name() const {
  return "adam_n" + std::to_string(n_) + "_t" + std::to_string(first_) +
         (config_.beta1 > 0.8 ? "_beta1_09" : "");
}

std::vector<Pass> AdamCase::passes() const {
  const Op op = describe(AdamStep{config_, first_, n_, nullptr, nullptr, nullptr, nullptr});
  const double footprint = 16 * static_cast<double>(n_);  // m, v and parameters change in place
  std::vector<Pass> all;
  for (int i = 0; i < steps_; ++i)
    all.push_back({"step " + std::to_string(first_ + i), op, footprint});
  return all;
}

std::unique_ptr<Run> AdamCase::start(Backend& backend) const {
  return std::make_unique<AdamRun>(config_, n_, first_, Inputs(n_, first_, steps_), backend);
}

std::vector<Expected> AdamCase::expected() const {
  const Inputs in(n_, first_, steps_);
  auto m = widened(in.m), v = widened(in.v), w = widened(in.w);
  for (int i = 0; i < steps_; ++i)
    ref::adam(config_, first_ + i, widened(in.gradients[static_cast<std::size_t>(i)]), m, v, w);
  return {near("m", m, 1e-6),
          near("v", v, 1e-6),
          {"w", w, 2e-6 * config_.learning_rate * steps_, 2e-7}};
}

namespace {

Cases adam_cases() {
  const AdamConfig notebook{2e-4, 0.5, 0.999, 1e-7}, tutorial{1e-4, 0.9, 0.999, 1e-7},
      coarse{1e-2, 0.9, 0.99, 0.1};  // an epsilon that shows
  Cases cases;
  const auto add = [&](const AdamConfig& config, std::int64_t n, std::int64_t first, int steps) {
    cases.push_back(std::make_shared<AdamCase>(config, n, first, steps));
  };
  for (const std::int64_t n : {1, 3, 4, 5, 1023, 1024, 1025, 100003}) add(notebook, n, 1, 5);
  add(tutorial, 1000, 1, 5);
  add(tutorial, 1002, 1000, 2);
  add(notebook, 1001, 100000, 2);
  add(notebook, 64, 3'000'000'000, 2);
  add(coarse, 514, 1, 3);
  return cases;
}

std::shared_ptr<const Case> one_step(std::int64_t n) {
  return std::make_shared<AdamCase>(AdamConfig{}, n, 1, 1);
}

const AddOpCases added(
    {.op = "adam",
     .all = adam_cases,
     // Of gradient, m, v and parameters all but the first are written, too.
     .described = {{describe(AdamStep{{}, 1, 7, nullptr, nullptr, nullptr, nullptr}), "adam 7", 84,
                    (4 + 3) * 4 * 7}},
     .accesses = {{one_step(4096), {"adam"}, {16}, {16}}},
     .of = [](const Op& op) { return one_step(op.at("n")); }});

}  // namespace
}  // namespace dcgan::test
