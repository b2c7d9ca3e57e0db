// The SIMT machine runs a kernel's threads and blocks in any order that CUDA allows: all must give
// the same bits, on any number of workers.
#include <gtest/gtest.h>

#include <cctype>

#include "ops/linear_case.h"
#include "ops/suite.h"
#include "sanitized.h"
#include "simt/machine.h"

namespace dcgan::test {
namespace {

struct InPrecision {
  std::shared_ptr<const Case> op;
  Precision precision;
};

class Orders : public testing::TestWithParam<InPrecision> {
 protected:
  void TearDown() override { simt::set_settings(before_); }
  std::vector<Result> run(simt::Order order, std::uint64_t seed, int workers) const {
    simt::Settings settings = before_;
    settings.order = order;
    settings.seed = seed;
    settings.workers = workers;
    simt::set_settings(settings);
    const auto backend = make_backend("simt", 0, GetParam().precision);
    return run_all(*GetParam().op, *backend);
  }

 private:
  simt::Settings before_ = simt::settings();
};

TEST_P(Orders, GiveTheSameBits) {
  const std::vector<Result> forward = run(simt::Order::forward, 1, 1);
  const auto expect_same = [&](const std::vector<Result>& other, const std::string& order) {
    for (std::size_t i = 0; i < forward.size(); ++i)
      EXPECT_TRUE(same_bits(forward[i].values, other[i].values))
          << forward[i].name << " in " << order;
  };
  expect_same(run(simt::Order::reverse, 1, 1), "reverse order");
  for (const std::uint64_t seed : {2, 3})
    expect_same(run(simt::Order::random, seed, 2), "random order " + std::to_string(seed));
}

std::vector<InPrecision> cases_for_orders() {
  std::vector<InPrecision> some;
  constexpr double most_flops = sanitized ? 1e6 : 3e7;
  for (const OpCases& cases : op_cases())
    for (const auto& op : cases.all())
      for (const Precision precision : {Precision::fp32, Precision::tf32x3}) {
        const bool fp32 = precision == Precision::fp32;
        const bool multiplies = dynamic_cast<const LinearCase*>(op.get()) != nullptr;
        if ((fp32 || multiplies) && op->flops() <= (fp32 ? 1 : 0.1) * most_flops)
          some.push_back({op, precision});
      }
  return some;
}

std::string name_of(const testing::TestParamInfo<InPrecision>& info) {
  std::string name =
      info.param.op->name() + (info.param.precision == Precision::fp32 ? "" : "_tf32x3");
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Ops, Orders, testing::ValuesIn(cases_for_orders()), name_of);

}  // namespace
}  // namespace dcgan::test
