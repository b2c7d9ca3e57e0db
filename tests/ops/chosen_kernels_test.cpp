// Which kernels a convolution of one channel runs: the direct ones where they fit, else the matrix
// product. Results do not tell, times would.
#include <gtest/gtest.h>

#include <set>

#include "ops/conv_case.h"
#include "ops/suite.h"
#include "simt/machine.h"

namespace dcgan::test {
namespace {

using Names = std::set<std::string>;

class ChosenKernels : public testing::Test {
 protected:
  void TearDown() override { simt::on_launch({}); }
  static Names of(const ConvShape& s) {
    Names names;
    simt::on_launch([&](const simt::LaunchRecord& launch) { names.insert(launch.kernel); });
    const auto backend = make_backend("simt");
    run_all(ConvCase(ConvKind::conv2d, s), *backend);
    return names;
  }
};

const Names direct{"one_channel_forward", "one_channel_backward_data",
                   "one_channel_backward_weights"};
const Names direct_but_weights{"one_channel_forward", "one_channel_backward_data",
                               "conv_backward_weights"};
const Names product{"conv_forward", "conv_backward_data", "conv_backward_weights"};

TEST_F(ChosenKernels, AreDirectForTheDiscriminatorsFirstLayers) {
  EXPECT_EQ(of({4, 28, 28, 1, 32, 5, 2}), direct);
  EXPECT_EQ(of({2, 28, 28, 1, 64, 5, 2}), direct);
}

TEST_F(ChosenKernels, AreProductsForSeveralChannelsAndForOddOnes) {
  EXPECT_EQ(of({1, 7, 7, 4, 4, 5, 2}), product);
  EXPECT_EQ(of({1, 7, 7, 1, 6, 5, 2}), product);
}

TEST_F(ChosenKernels, HaveTheirTapsInRegistersForSizeFiveAndWholeWarps) {
  EXPECT_EQ(of({1, 7, 7, 1, 4, 5, 1}), direct);
  EXPECT_EQ(of({1, 7, 7, 1, 4, 3, 1}), direct_but_weights);
  EXPECT_EQ(of({1, 7, 7, 1, 12, 5, 1}), direct_but_weights);
  EXPECT_EQ(of({1, 7, 7, 1, 132, 5, 1}), direct_but_weights);
}

// 48 KiB are 12288 floats. Forward: (height + 4) * (width + 4) of the padded image and 25 * out of
// the kernel; the weights' gradient has 4 * 25 * out sums instead.
TEST_F(ChosenKernels, AreDirectAsLongAsAnImageFitsSharedMemory) {
  EXPECT_EQ(of({1, 40, 273, 1, 4, 5, 1}), direct_but_weights);  // 12188 + 100
  EXPECT_EQ(of({1, 92, 123, 1, 4, 5, 1}), product);             // 12192 + 100
  EXPECT_EQ(of({1, 12, 739, 1, 4, 5, 1}), direct);              // 11888 + 400
  EXPECT_EQ(of({1, 8, 987, 1, 4, 5, 1}), direct_but_weights);   // 11892 + 400
}

}  // namespace
}  // namespace dcgan::test
