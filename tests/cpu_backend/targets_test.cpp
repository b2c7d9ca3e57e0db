// The suite's smaller cases on every vector target of this machine, and what is more to random
// draws.
#include <gtest/gtest.h>

#include "cpu_backend/compare.h"
#include "cpu_backend/targets.h"
#include "ops/suite.h"

namespace dcgan::test {
namespace {

constexpr double most_flops = 2e6;

class Target : public testing::TestWithParam<std::int64_t> {
 protected:
  ForcedTarget forced_{GetParam()};
  std::unique_ptr<Backend> backend_ = make_backend("cpu", 2);

  Floats normals(std::int64_t n) {
    Output<float> out(*backend_, "normals", n);
    backend_->draw_normal({{0x123456789abcdefu, 17, 0x1'0000'0007u}, n, out.data()});
    return out.values();
  }
};

TEST_P(Target, EqualsReferences) {
  for (const OpCases& cases : op_cases())
    for (const auto& op : cases.all()) {
      if (op->flops() > most_flops) continue;
      const auto results = run_all(*op, *backend_);
      const auto expected = op->expected();
      ASSERT_EQ(results.size(), expected.size()) << op->name();
      for (std::size_t i = 0; i < results.size(); ++i) {
        const std::string what = op->name() + ", " + results[i].name;
        EXPECT_TRUE(results[i].canaries_alive) << what;
        expect_close(results[i].values, expected[i].values, expected[i].absolute,
                     expected[i].relative, what);
      }
    }
}

TEST_P(Target, ANormalDependsOnItsAddressNotOnTheLengthOfTheDraw) {
  const Floats all = normals(3000);
  for (const std::int64_t n : {1, 3, 100, 1025, 2999})
    EXPECT_EQ(normals(n), Floats(all.begin(), all.begin() + n));
}

INSTANTIATE_TEST_SUITE_P(Every, Target, testing::ValuesIn(supported_targets()),
                         [](const auto& target) { return hwy::TargetName(target.param); });

}  // namespace
}  // namespace dcgan::test
