// Every case on every backend that is present, or that the environment's DCGAN_TEST_BACKENDS lists
// ("cpu,simt"): against the references, its gradients by differences, and twice for equal bits.
#include <gtest/gtest.h>

#include <cctype>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <map>
#include <sstream>

#include "dcgan/error.h"
#include "ops/dense_case.h"
#include "ops/suite.h"
#include "sanitized.h"
#include "tensor_cores.h"

namespace dcgan::test {
namespace {

std::vector<std::string> present_backends() {
  std::vector<std::string> names;
  if (const char* list = std::getenv("DCGAN_TEST_BACKENDS")) {
    std::istringstream in(list);
    for (std::string name; std::getline(in, name, ',');) names.push_back(name);
    return names;
  }
  // What check mode sees it sees without sanitizers, which see nothing of kernels compiled for it.
  for (const BackendStatus& b : backend_statuses())
    if (b.why_unavailable.empty() && !(sanitized && b.name == "simt-check"))
      names.push_back(b.name);
  return names;
}

/// What a case may cost on a backend: a machine in software is slow, and slower when it checks
/// every access. A layer of each kind at its real size and a small batch is below every limit.
double most_flops(const std::string& backend) {
  const double share = sanitized ? 0.02 : 1;
  if (backend == "simt-check") return 3e8 * share;
  if (backend == "simt") return 1e9 * share;
  return 1e10 * share;
}

/// What a case may move. Check mode follows every access, which where much is moved is most of the
/// time.
double most_bytes(const std::string& backend) {
  return backend == "simt-check" ? 2.5e7 : std::numeric_limits<double>::infinity();
}

struct Pairing {
  std::shared_ptr<const Case> op;
  std::string backend;
  Precision precision = Precision::fp32;
};

std::string text(Precision precision) {
  return precision == Precision::fp32 ? "" : precision == Precision::tf32 ? " tf32" : " tf32x3";
}

/// Cases that `wanted` takes and that cost at most `share` of most_flops.
std::vector<Pairing> on_backends(bool (*wanted)(const OpCases&, const Case&), double share = 1) {
  std::vector<Pairing> all;
  for (const std::string& backend : present_backends())
    for (const OpCases& cases : op_cases())
      for (const auto& op : cases.all())
        if (wanted(cases, *op) && op->flops() <= share * most_flops(backend) &&
            op->bytes() <= most_bytes(backend))
          all.push_back({op, backend});
  return all;
}

/// Differences take several forward passes, and small shapes are enough for them.
constexpr double small = 0.01;
constexpr double cheap = 0.02;
bool any(const OpCases&, const Case&) { return true; }
bool with_slopes(const OpCases& cases, const Case&) { return cases.has_slopes; }
bool linear(const OpCases&, const Case& op) {
  return dynamic_cast<const LinearCase*>(&op) != nullptr;
}
bool dense(const OpCases&, const Case& op) {
  return dynamic_cast<const DenseCase*>(&op) != nullptr;
}

/// The same in another precision, where there are tensor cores.
std::vector<Pairing> in(Precision precision, std::vector<Pairing> all) {
  std::map<std::string, bool> can;
  for (const std::string& backend : present_backends()) can[backend] = has_tensor_cores(backend);
  std::erase_if(all, [&](const Pairing& p) { return !can.at(p.backend); });
  for (Pairing& p : all) p.precision = precision;
  return all;
}

void PrintTo(const Pairing& p, std::ostream* out) {
  *out << p.op->name() << " on " << p.backend << text(p.precision);
}

std::string name_of(const testing::TestParamInfo<Pairing>& info) {
  std::string name = info.param.op->name() + "_" + info.param.backend + text(info.param.precision);
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

void expect_equal(const Result& got, const Expected& expected) {
  ASSERT_EQ(got.name, expected.name);
  ASSERT_EQ(got.values.size(), expected.values.size()) << got.name;
  EXPECT_TRUE(got.canaries_alive) << "something wrote before or after " << got.name;
  double worst = 0;
  std::size_t where = 0, count = 0;
  for (std::size_t i = 0; i < got.values.size(); ++i) {
    const double wanted = expected.values[i], is = static_cast<double>(got.values[i]);
    if (is == wanted || (std::isnan(is) && std::isnan(wanted))) continue;  // infinite ones, too
    const double error = std::abs(is - wanted);
    const double excess = error - expected.absolute - expected.relative * std::abs(wanted);
    if (excess <= 0) continue;
    ++count;
    if (!(excess <= worst)) worst = excess, where = i;
  }
  EXPECT_EQ(count, 0u) << got.name << ": " << count << " of " << got.values.size()
                       << " entries are wrong, entry " << where
                       << " the most: " << got.values[where] << " for " << expected.values[where];
}

class Op : public testing::TestWithParam<Pairing> {
 protected:
  const Case& op() const { return *GetParam().op; }
  std::unique_ptr<Backend> backend() const {
    return make_backend(GetParam().backend, 2, GetParam().precision);
  }
  std::vector<Expected> expected() const {
    if (const auto* layer = dynamic_cast<const LinearCase*>(&op()))
      return layer->expected(GetParam().precision);
    return op().expected();
  }
};

TEST_P(Op, EqualsReference) {
  const auto device = backend();
  const auto results = run_all(op(), *device);
  const auto expected = this->expected();
  ASSERT_EQ(results.size(), expected.size());
  for (std::size_t i = 0; i < results.size(); ++i) expect_equal(results[i], expected[i]);

  const auto again = run_all(op(), *device);
  for (std::size_t i = 0; i < results.size(); ++i)
    EXPECT_TRUE(same_bits(results[i].values, again[i].values))
        << results[i].name << " has other bits in a second run";
}

class Gradient : public Op {};

TEST_P(Gradient, EqualsDifferences) {
  const auto device = backend();
  for (const Slope& s : op().slopes(*device))
    EXPECT_NEAR(s.backward, s.differences, s.tolerance) << "along " << s.of;
}

/// A NaN reaches the results it has a part in and no others, as it would if a kernel filled up the
/// end of a sum or an image with products by zero.
class Containment : public Op {
 protected:
  using Index = std::int64_t;
  using Pass = std::function<Floats()>;

  /// What `pass` gives with another value in entry `at` of its operand, which is restored to
  /// `clean`.
  static Floats with(float value, const Pass& pass, Input<float>& operand, const Floats& clean,
                     std::size_t at) {
    Floats changed = clean;
    changed[at] = value;
    operand.set(changed);
    Floats result = pass();
    operand.set(clean);
    return result;
  }
  /// Entry `at` of the operand has a part in the results where `reached` says so, if in any.
  static void expect_contained(const Pass& pass, Input<float>& operand, const Floats& clean,
                               std::size_t at, const std::function<bool(Index)>& reached,
                               const char* of) {
    const Floats before = pass();
    const Floats after = with(std::numeric_limits<float>::quiet_NaN(), pass, operand, clean, at);
    bool may = false, does = false;
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (reached(static_cast<Index>(i)))
        may = true, does = does || std::isnan(after[i]);
      else
        ASSERT_EQ(before[i], after[i]) << of << ", entry " << i << ", by entry " << at;
    }
    EXPECT_EQ(does, may) << of << ", by entry " << at;
  }
  /// Where the results change with the entry.
  static void expect_contained(const Pass& pass, Input<float>& operand, const Floats& clean,
                               std::size_t at, const char* of) {
    const Floats before = pass(), after = with(clean[at] + 1000, pass, operand, clean, at);
    const auto reached = [&](Index i) {
      return before[static_cast<std::size_t>(i)] != after[static_cast<std::size_t>(i)];
    };
    expect_contained(pass, operand, clean, at, reached, of);
  }
};

TEST_P(Containment, NaNsReachOnlyTheirOwnResults) {
  const auto& c = dynamic_cast<const LinearCase&>(op());
  const LinearCase::Sizes n = c.sizes();
  const auto device = backend();
  const auto plan = c.plan(*device, {});
  const Floats clean_x = normal_floats(n.x, 1), clean_dz = normal_floats(n.z, 2);
  Input<float> x(*device, clean_x), dz(*device, clean_dz);
  const Input<float> kernel(*device, normal_floats(n.kernel, 3));
  const Output<float> z(*device, "z", n.z), dx(*device, "dx", n.x), dk(*device, "dk", n.kernel);
  const auto forward = [&] {
    plan->forward(x.data(), kernel.data(), nullptr, nullptr, z.data());
    return z.values();
  };
  const auto backward_data = [&] {
    plan->backward_data(dz.data(), kernel.data(), dx.data());
    return dx.values();
  };
  const auto backward_weights = [&] {
    plan->backward_weights(x.data(), dz.data(), dk.data());
    return dk.values();
  };
  for (const std::size_t at : {clean_x.size() / 2, clean_x.size() - 1})
    expect_contained(forward, x, clean_x, at, "z");
  for (const std::size_t at : {clean_dz.size() / 2, clean_dz.size() - 1})
    expect_contained(backward_data, dz, clean_dz, at, "dx");
  // A whole channel of a kernel's gradient: the zeros beside the image are multiplied like pixels.
  const LinearCase::Layout l = c.layout();
  for (const Index in : {Index{0}, l.in - 1})
    expect_contained(
        backward_weights, x, clean_x, static_cast<std::size_t>(in),
        [&](Index i) { return (l.kernel_out_in ? i : i / l.out) % l.in == in; }, "dkernel, by x");
  for (const Index out : {Index{0}, l.out - 1})
    expect_contained(
        backward_weights, dz, clean_dz, static_cast<std::size_t>(out),
        [&](Index i) { return (l.kernel_out_in ? i / l.in : i) % l.out == out; }, "dkernel, by dz");
}

INSTANTIATE_TEST_SUITE_P(Ops, Op, testing::ValuesIn(on_backends(any)), name_of);
INSTANTIATE_TEST_SUITE_P(Ops, Gradient, testing::ValuesIn(on_backends(with_slopes, small)),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Ops, Containment, testing::ValuesIn(on_backends(linear, small)), name_of);

// Of tf32 the sums alone differ from tf32x3: dense layers will do.
INSTANTIATE_TEST_SUITE_P(Tf32x3, Op,
                         testing::ValuesIn(in(Precision::tf32x3, on_backends(linear, cheap))),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Tf32, Op,
                         testing::ValuesIn(in(Precision::tf32, on_backends(dense, cheap))),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Tf32x3, Containment,
                         testing::ValuesIn(in(Precision::tf32x3, on_backends(linear, small / 10))),
                         name_of);

}  // namespace
}  // namespace dcgan::test
