// The SIMT machine runs a kernel's threads and blocks in any order that CUDA allows: all must give
// the same bits, on any number of workers.
#include <gtest/gtest.h>

#include <cctype>

#include "ops/suite.h"
#include "sanitized.h"
#include "simt/machine.h"

namespace dcgan::test {
namespace {

class Orders : public testing::TestWithParam<std::shared_ptr<const Case>> {
 protected:
  void TearDown() override { simt::set_settings(before_); }
  std::vector<Result> run(simt::Order order, std::uint64_t seed, int workers) const {
    simt::Settings settings = before_;
    settings.order = order;
    settings.seed = seed;
    settings.workers = workers;
    simt::set_settings(settings);
    const auto backend = make_backend("simt");
    return run_all(*GetParam(), *backend);
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

std::vector<std::shared_ptr<const Case>> cases_for_orders() {
  std::vector<std::shared_ptr<const Case>> some;
  constexpr double most_flops = sanitized ? 1e6 : 3e7;
  for (const OpCases& cases : op_cases())
    for (const auto& op : cases.all())
      if (op->flops() <= most_flops) some.push_back(op);
  return some;
}

std::string name_of(const testing::TestParamInfo<std::shared_ptr<const Case>>& info) {
  std::string name = info.param->name();
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Ops, Orders, testing::ValuesIn(cases_for_orders()), name_of);

}  // namespace
}  // namespace dcgan::test
