// Flat arrays and scaled rows, of packs and not, aligned and not, in place and not.
#include "ops/weighted_sum_case.h"

#include "ref/reference.h"

namespace dcgan::test {
namespace {

struct Inputs {
  Inputs(std::int64_t rows, std::int64_t size)
      : scale(normal_floats(rows, 1)),
        a(normal_floats(rows * size, 2)),
        b(normal_floats(rows * size, 3)) {}
  Floats scale, a, b;
};

constexpr float before = 7;  // what lies before an operand that is not aligned

/// An operand and what lies before it.
Floats with_lead(Floats values, bool odd) {
  if (odd) values.insert(values.begin(), before);
  return values;
}

}  // namespace

class WeightedSumRun final : public Run {
 public:
  WeightedSumRun(const WeightedSumCase& c, const Inputs& in, Backend& backend)
      : backend_(backend),
        case_(c),
        scale_(backend, in.scale),
        factors_(backend, {c.factors_.a, c.factors_.b}),
        a_(backend, "a", with_lead(in.a, c.odd_ == Odd::a)),
        b_(backend, "b", with_lead(in.b, c.odd_ == Odd::b)),
        y_(backend, "y", with_lead(unwritten(c), c.odd_ == Odd::y)) {}
  void restore(std::size_t) override { a_.restore(), b_.restore(); }
  void pass(std::size_t) override {
    const auto at = [&](const Output<float>& operand, Odd odd) {
      return operand.data() + (case_.odd_ == odd ? 1 : 0);
    };
    float* const a = at(a_, Odd::a);
    float* const b = at(b_, Odd::b);
    float* const y = case_.into_ == Into::a ? a : case_.into_ == Into::b ? b : at(y_, Odd::y);
    WeightedSum sum = case_.sum(scale_.data(), a, b, y);
    if (case_.factors_.in_memory) {
      sum.a_factor = sum.b_factor = 77;
      sum.factors_in_memory = factors_.data();
    }
    backend_.weighted_sum(sum);
  }
  std::vector<Result> results() const override { return {a_.read(), b_.read(), y_.read()}; }

 private:
  using Into = WeightedSumCase::Into;
  using Odd = WeightedSumCase::Odd;

  static Floats unwritten(const WeightedSumCase& c) {
    return Floats(c.into_ == Into::y ? static_cast<std::size_t>(c.count()) : 0, -1e30F);
  }

  Backend& backend_;
  WeightedSumCase case_;
  Input<float> scale_, factors_;
  Output<float> a_, b_, y_;
};

std::string WeightedSumCase::name() const {
  constexpr const char *into[] = {"", "_into_a", "_into_b"},
                       *odd[] = {"", "_odd_a", "_odd_b", "_odd_y"};
  return "weighted_sum_" + std::to_string(rows_) + "x" + std::to_string(size_) +
         (factors_.scaled ? "_scaled" : "") + (factors_.in_memory ? "_in_memory" : "") +
         into[static_cast<int>(into_)] + odd[static_cast<int>(odd_)];
}

std::vector<Pass> WeightedSumCase::passes() const {
  constexpr float some = 0;
  const Op op = describe(sum(&some, nullptr, nullptr, nullptr));
  return {{"sum", op, op.bytes}};
}

std::unique_ptr<Run> WeightedSumCase::start(Backend& backend) const {
  return std::make_unique<WeightedSumRun>(*this, Inputs(rows_, size_), backend);
}

std::vector<Expected> WeightedSumCase::expected() const {
  const Inputs in(rows_, size_);
  const auto widened = [](float v) { return static_cast<double>(v); };
  const ref::Vector y = ref::weighted_sum(
      rows_, widened(factors_.a), factors_.scaled ? test::widened(in.scale) : ref::Vector(),
      test::widened(in.a), widened(factors_.b), test::widened(in.b));
  const auto expect = [&](const char* of, const Floats& values, Into into, Odd odd) {
    Expected e = into_ == into ? near(of, y, 3e-7) : exact(of, values);
    if (odd_ == odd) e.values.insert(e.values.begin(), widened(before));
    return e;
  };
  return {expect("a", in.a, Into::a, Odd::a), expect("b", in.b, Into::b, Odd::b),
          expect("y", {}, Into::y, Odd::y)};
}

namespace {

using Into = WeightedSumCase::Into;
using Odd = WeightedSumCase::Odd;
constexpr WeightedSumCase::Factors plain{0.75F, -1.5F, false}, scaled{0.75F, -1.5F, true},
    average{0.001F, 0.999F, false}, average_in_memory{0.001F, 0.999F, false, true},
    scaled_in_memory{0.75F, -1.5F, true, true};

Cases weighted_sum_cases() {
  Cases cases;
  const auto add = [&](std::int64_t rows, std::int64_t size,
                       const WeightedSumCase::Factors& factors, Into into = Into::y,
                       Odd odd = Odd::none) {
    cases.push_back(std::make_shared<WeightedSumCase>(rows, size, factors, into, odd));
  };
  for (const Into into : {Into::y, Into::a, Into::b}) {
    for (const std::int64_t n : {1, 3, 4, 1023, 1025, 100003}) add(1, n, average, into);
    add(5, 7, plain, into);
    add(8, 36, plain, into);
    for (const auto& [rows, size] : {std::pair{1, 1}, {1, 6}, {7, 1}, {3, 4}, {96, 33}, {150, 128}})
      add(rows, size, scaled, into);
    add(3, 16390, scaled, into);  // more than the cpu backend's block
    add(3, 16384, scaled, into);
  }
  add(1, 1023, average_in_memory, Into::b);
  add(96, 33, scaled_in_memory);
  for (const Odd odd : {Odd::a, Odd::b, Odd::y}) {
    add(1, 1024, plain, Into::y, odd);
    add(40, 12, scaled, Into::y, odd);
  }
  return cases;
}

constexpr float some_scale = 1;
const AddOpCases added(
    {.op = "weighted_sum",
     .all = weighted_sum_cases,
     .described = {{describe(WeightedSum{1, 70, 1, nullptr, nullptr, 1, nullptr, nullptr}),
                    "weighted_sum 1x70", 3 * 70, 3 * 4 * 70},
                   {describe(WeightedSum{5, 14, 1, &some_scale, nullptr, 1, nullptr, nullptr}),
                    "weighted_sum 5x14", 3 * 70, 3 * 4 * 70 + 4 * 5}},
     .accesses =
         {{std::make_shared<WeightedSumCase>(1, 4096, average), {"weighted_sum"}, {16}, {16}}},
     .of = [](const Op& op) -> std::shared_ptr<const Case> {
       return std::make_shared<WeightedSumCase>(op.at("rows"), op.at("size"), average);
     }});

}  // namespace
}  // namespace dcgan::test
