// The sum over the parts of a split product: for few parts a thread adds them up by itself, for
// many a block shares them out.
#include <gtest/gtest.h>
#include <tuple>

#include <algorithm>
#include <ostream>

#include "kernels/sum_parts.h"
#include "ops/case.h"
#include "simt/machine.h"

namespace dcgan::test {
namespace {

struct Shape {
  int parts;
  std::int64_t rows;
  int columns;

  std::int64_t count() const { return rows * columns; }
  bool few() const { return parts <= 8; }
  std::int64_t blocks_of(int width) const {
    const std::int64_t values = (few() ? 256 : 32) * width;
    return (count() + values - 1) / values;
  }
};

std::ostream& operator<<(std::ostream& out, const Shape& s) {
  return out << s.parts << " parts of " << s.rows << " x " << s.columns;
}

class SumParts : public testing::TestWithParam<Shape> {
 protected:
  /// Runs the sum and remembers its launch.
  Floats sum(const Floats& partial) {
    const Shape& s = GetParam();
    const auto backend = make_backend("simt");
    const Input<float> input(*backend, partial);
    const Output<float> output(*backend, "sums", s.count());
    ::simt::on_launch([this](const ::simt::LaunchRecord& launch) { launched_ = launch; });
    DCGAN_TARGET::sum_parts("sum_parts", input.data(), s.parts, s.rows, s.columns, {},
                            output.data(), nullptr);
    const Result result = output.read();
    ::simt::on_launch({});
    EXPECT_TRUE(result.canaries_alive);
    return result.values;
  }

  Floats partial_ = Floats(static_cast<std::size_t>(GetParam().parts * GetParam().count()));
  ::simt::LaunchRecord launched_{};
};

TEST_P(SumParts, IsTheSumFromAsManyThreadsAsItTakes) {
  const Shape& s = GetParam();
  Floats sums(static_cast<std::size_t>(s.count()));
  // Small integers, whose sums are exact in any order.
  for (std::size_t i = 0; i < partial_.size(); ++i) {
    partial_[i] = static_cast<float>(i * i % 1009);
    sums[i % sums.size()] += partial_[i];
  }
  EXPECT_EQ(sum(partial_), sums);
  EXPECT_EQ(launched_.grid.x, s.blocks_of(s.columns % 4 == 0 ? 4 : 1));
}

TEST_P(SumParts, IsAddedUpInTheOrderThatThePartsDecide) {
  const Shape& s = GetParam();
  // Thirds, whose sums are rounded.
  for (std::size_t i = 0; i < partial_.size(); ++i)
    partial_[i] = static_cast<float>(i * i % 1009) / 3 - 100;
  const Floats sums = sum(partial_);
  const auto part_of = [&](int part, std::int64_t at) {
    return partial_[static_cast<std::size_t>(part * s.count() + at)];
  };
  for (std::int64_t at = 0; at < s.count(); at += std::max<std::int64_t>(s.count() / 64, 1)) {
    // Few parts one after the other; many by eight warps, warp w every eighth from the w-th on.
    float expected = s.few() ? part_of(0, at) : 0.0F;
    for (int part = 1; s.few() && part < s.parts; ++part) expected += part_of(part, at);
    for (int warp = 0; !s.few() && warp < 8; ++warp) {
      float of_warp = 0;
      for (int part = warp; part < s.parts; part += 8) of_warp += part_of(part, at);
      expected += of_warp;
    }
    EXPECT_EQ(sums[static_cast<std::size_t>(at)], expected) << "at " << at;
  }
}

// Fewer values or packs than a block takes, and one more than blocks take; parts for one warp more
// or fewer, and more than are loaded at a time.
INSTANTIATE_TEST_SUITE_P(Shapes, SumParts,
                         testing::Values(Shape{2, 257, 1}, Shape{2, 257, 4}, Shape{7, 257, 32},
                                         Shape{8, 257, 33}, Shape{8, 1, 4}, Shape{5, 257, 4},
                                         Shape{9, 257, 1}, Shape{9, 257, 32}, Shape{16, 257, 33},
                                         Shape{64, 257, 4}, Shape{64, 257, 1}, Shape{71, 1, 32},
                                         Shape{200, 25, 32}, Shape{67, 33, 33}, Shape{512, 1, 32}));

}  // namespace
}  // namespace dcgan::test
