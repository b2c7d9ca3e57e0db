// The sum over the parts of a split product: for few parts a thread adds them up by itself, for
// many a block shares them out.
#include <gtest/gtest.h>
#include <tuple>

#include "kernels/matmul/product.h"
#include "ops/case.h"
#include "simt/machine.h"

namespace dcgan::test {
namespace {

class SumParts : public testing::TestWithParam<std::tuple<int, int>> {};

TEST_P(SumParts, IsTheSumFromAsManyThreadsAsItTakes) {
  const auto [parts, columns] = GetParam();
  constexpr std::int64_t rows = 257;  // one value or pack more than blocks take
  const std::int64_t count = rows * columns;
  const auto backend = make_backend("simt");
  // Small integers, whose sums are exact in any order.
  Floats partial(static_cast<std::size_t>(parts * count)), sums(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < partial.size(); ++i) {
    partial[i] = static_cast<float>(i * i % 1009);
    sums[i % sums.size()] += partial[i];
  }
  const Input<float> input(*backend, partial);
  const Output<float> output(*backend, "sums", count);
  ::simt::LaunchRecord launched{};
  ::simt::on_launch([&](const ::simt::LaunchRecord& launch) { launched = launch; });
  DCGAN_HOME::sum_parts("sum_parts", input.data(), parts, rows, columns, {}, output.data(),
                        nullptr);
  const Result result = output.read();
  ::simt::on_launch({});
  EXPECT_TRUE(result.canaries_alive);
  EXPECT_EQ(result.values, sums);
  const int values_per_block = (parts <= 8 ? 256 : 32) * (columns % 4 == 0 ? 4 : 1);
  EXPECT_EQ(launched.grid.x, (count + values_per_block - 1) / values_per_block);
}

INSTANTIATE_TEST_SUITE_P(Shapes, SumParts,
                         testing::Combine(testing::Values(2, 7, 8, 9, 16, 64),
                                          testing::Values(1, 4, 32, 33)));

}  // namespace
}  // namespace dcgan::test
