// Adam's first steps and late ones, of one network and of two.
#include "ops/adam_case.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ref/reference.h"

namespace dcgan::test {
namespace {

/// Parameters start near zero, so that a step of 1e-4 is not rounded away beside them; moments
/// start as they are after some steps, but at zero before the first.
struct Inputs {
  Inputs(std::int64_t n, std::int64_t first, int steps, const std::vector<AdamCase::Cut>& cuts)
      : m(normal_floats(n, 1)), v(normal_floats(n, 2)), w(normal_floats(n, 3)) {
    for (float& x : m) x *= first == 1 ? 0.0F : 0.3F;
    for (float& x : v) x = first == 1 ? 0.0F : x * x;
    for (float& x : w) x *= 1e-3F;
    for (int i = 0; i < steps; ++i) {
      gradients.push_back(normal_floats(n, 10 + static_cast<unsigned>(i)));
      sums.push_back(widened(gradients.back()));
      parts.emplace_back();
      for (const AdamCase::Cut& cut : cuts) {
        parts.back().push_back(
            normal_floats(cut.count * cut.n, static_cast<unsigned>(100 + i + 7 * cut.offset)));
        for (std::int64_t j = 0; j < cut.n; ++j) {
          double& sum = sums.back()[static_cast<std::size_t>(cut.offset + j)];
          sum = 0;
          for (int k = 0; k < cut.count; ++k)
            sum +=
                static_cast<double>(parts.back().back()[static_cast<std::size_t>(k * cut.n + j)]);
        }
      }
    }
  }
  Floats m, v, w;
  std::vector<Floats> gradients;
  std::vector<ref::Vector> sums;           ///< the gradients, of which some are sums of parts
  std::vector<std::vector<Floats>> parts;  ///< by step and cut
};

AdamConfig of_the_second(AdamConfig config) {
  config.learning_rate *= 2;
  return config;
}

class AdamRun final : public Run {
 public:
  AdamRun(const AdamConfig& config, std::int64_t n, std::int64_t second, std::int64_t first,
          const std::vector<AdamCase::Cut>& cuts, const Inputs& in, Backend& backend)
      : backend_(backend),
        n_(n),
        second_(second),
        cuts_(cuts),
        m_(backend, "m", in.m),
        v_(backend, "v", in.v),
        w_(backend, "w", in.w) {
    if (backend.name() == "cpu") cuts_.clear();  // its layers leave no parts
    for (std::size_t i = 0; i < in.gradients.size(); ++i) {
      const std::int64_t t = first + static_cast<std::int64_t>(i);
      factors_.push_back(std::make_unique<Input<AdamFactors>>(
          backend, std::vector{adam_factors(config, t), adam_factors(of_the_second(config), t)}));
      Floats g(in.sums[i].begin(), in.sums[i].end());
      parts_.emplace_back();
      for (std::size_t c = 0; c < cuts_.size(); ++c) {
        std::fill_n(g.begin() + cuts_[c].offset, cuts_[c].n,  // which nobody may read
                    std::numeric_limits<float>::quiet_NaN());
        parts_.back().push_back(std::make_unique<Input<float>>(backend, in.parts[i][c]));
      }
      gradients_.push_back(std::make_unique<Input<float>>(backend, g));
    }
  }
  void restore(std::size_t index) override {
    if (index == 0) m_.restore(), v_.restore(), w_.restore();
  }
  void pass(std::size_t index) override {
    const AdamFactors* factors = factors_[index]->data();
    const auto part = [&](std::int64_t at, std::int64_t n) {
      AdamPart of{
          factors + (at > 0), n, gradients_[index]->data() + at, m_.data() + at, v_.data() + at,
          w_.data() + at};
      for (std::size_t c = 0; c < cuts_.size(); ++c)
        if (cuts_[c].offset >= at && cuts_[c].offset < at + n)
          of.in_parts.push_back(
              {cuts_[c].offset - at, cuts_[c].n, parts_[index][c]->data(), cuts_[c].count});
      return of;
    };
    const std::int64_t first = n_ - second_;
    if (second_ == 0) return backend_.adam({part(0, first)});
    backend_.adam({part(0, first), part(first, second_)});
  }
  std::vector<Result> results() const override { return {m_.read(), v_.read(), w_.read()}; }

 private:
  Backend& backend_;
  std::int64_t n_, second_;
  std::vector<AdamCase::Cut> cuts_;
  Output<float> m_, v_, w_;
  std::vector<std::unique_ptr<Input<AdamFactors>>> factors_;
  std::vector<std::unique_ptr<Input<float>>> gradients_;
  std::vector<std::vector<std::unique_ptr<Input<float>>>> parts_;  ///< by step and cut
};

}  // namespace

std::string AdamCase::name() const {
  return "adam_n" + std::to_string(n_) + "_t" + std::to_string(first_) +
         (config_.beta1 > 0.8 ? "_beta1_09" : "") +
         (second_ > 0 ? "_second" + std::to_string(second_) : "") +
         (cuts_.empty() ? "" : "_cuts" + std::to_string(cuts_.size()));
}

std::vector<Pass> AdamCase::passes() const {
  const Op op = describe(AdamStep{{.n = n_}});
  const double footprint = 16 * static_cast<double>(n_);  // m, v and parameters change in place
  std::vector<Pass> all;
  for (int i = 0; i < steps_; ++i)
    all.push_back({"step " + std::to_string(first_ + i), op, footprint});
  return all;
}

std::unique_ptr<Run> AdamCase::start(Backend& backend) const {
  return std::make_unique<AdamRun>(config_, n_, second_, first_, cuts_,
                                   Inputs(n_, first_, steps_, cuts_), backend);
}

std::vector<Expected> AdamCase::expected() const {
  const Inputs in(n_, first_, steps_, cuts_);
  ref::Vector m, v, w;  // of both networks
  const auto add_network = [&](const AdamConfig& config, std::int64_t from, std::int64_t to) {
    const auto part = [&](const auto& all) {
      return ref::Vector(all.begin() + from, all.begin() + to);
    };
    ref::Vector m_of_it = part(in.m), v_of_it = part(in.v), w_of_it = part(in.w);
    for (int i = 0; i < steps_; ++i)
      ref::adam(config, first_ + i, part(in.sums[static_cast<std::size_t>(i)]), m_of_it, v_of_it,
                w_of_it);
    m.insert(m.end(), m_of_it.begin(), m_of_it.end());
    v.insert(v.end(), v_of_it.begin(), v_of_it.end());
    w.insert(w.end(), w_of_it.begin(), w_of_it.end());
  };
  add_network(config_, 0, n_ - second_);
  add_network(of_the_second(config_), n_ - second_, n_);
  return {near("m", m, 1e-6),
          near("v", v, 1e-6),
          {"w", w, 2e-6 * config_.learning_rate * steps_, 2e-7}};
}

namespace {

Cases adam_cases() {
  const AdamConfig notebook{2e-4, 0.5, 0.999, 1e-7}, tutorial{1e-4, 0.9, 0.999, 1e-7},
      coarse{1e-2, 0.9, 0.99, 0.1};  // an epsilon that shows
  Cases cases;
  const auto add = [&](const AdamConfig& config, std::int64_t n, std::int64_t first, int steps,
                       std::int64_t second = 0) {
    cases.push_back(std::make_shared<AdamCase>(config, n, first, steps, second));
  };
  for (const std::int64_t n : {4, 8, 1020, 1024, 1028, 100004}) add(notebook, n, 1, 5);
  add(tutorial, 1000, 1, 5);
  add(tutorial, 1004, 1000, 2);
  add(notebook, 1000, 100000, 2);
  add(notebook, 64, 3'000'000'000, 2);
  add(coarse, 516, 1, 3);
  for (const std::int64_t second : {4, 1020, 1024, 1028}) add(notebook, 2056, 1, 3, second);
  add(coarse, 8, 1, 3, 4);
  // Gradients in parts: one of all, some between others in both networks, few and many parts, more
  // of them than a launch takes.
  const auto add_cut = [&](std::int64_t n, std::int64_t second, std::vector<AdamCase::Cut> cuts) {
    cases.push_back(std::make_shared<AdamCase>(notebook, n, 1, 2, second, std::move(cuts)));
  };
  add_cut(1028, 0, {{0, 1028, 2}});
  add_cut(4096, 1024, {{16, 1000, 5}, {1016, 4, 256}, {3072, 512, 19}, {4092, 4, 3}});
  std::vector<AdamCase::Cut> many;
  for (std::int64_t i = 0; i < 24; ++i) many.push_back({16 * i + 8, 8, static_cast<int>(2 + i)});
  add_cut(16 * 24, 16 * 10, many);
  return cases;
}

std::shared_ptr<const Case> one_step(std::int64_t n) {
  return std::make_shared<AdamCase>(AdamConfig{}, n, 1, 1);
}

const AddOpCases added({.op = "adam",
                        .all = adam_cases,
                        // Of gradient, m, v and parameters all but the first are written, too.
                        .described = {{describe(AdamStep{{.n = 4}, {.n = 3}}), "adam 7", 84,
                                       (4 + 3) * 4 * 7}},
                        .accesses = {{one_step(4096), {"adam"}, {16}, {16}}},
                        .of = [](const Op& op) { return one_step(op.at("n")); }});

}  // namespace
}  // namespace dcgan::test
