// Which kernels run and how they are launched, which results do not show.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>

#include "kernels/conv.h"
#include "ops/adam_case.h"
#include "ops/batch_norm_case.h"
#include "ops/beside_norm_case.h"
#include "ops/conv_case.h"
#include "ops/dense_case.h"
#include "ops/epilogue_case.h"
#include "ops/random_case.h"
#include "ops/suite.h"
#include "ops/weighted_sum_case.h"
#include "simt/machine.h"

namespace dcgan::test {
namespace {

using Names = std::set<std::string>;

std::vector<::simt::LaunchRecord> all_launches_of(const Case& op) {
  std::vector<::simt::LaunchRecord> all;
  const auto backend = make_backend("simt");
  ::simt::on_launch([&](const ::simt::LaunchRecord& launch) { all.push_back(launch); });
  run_all(op, *backend);
  ::simt::on_launch({});
  return all;
}

/// The launches of a case, by kernel: the last of each.
std::map<std::string, ::simt::LaunchRecord> launches_of(const Case& op) {
  std::map<std::string, ::simt::LaunchRecord> all;
  for (const ::simt::LaunchRecord& launch : all_launches_of(op)) all[launch.kernel] = launch;
  return all;
}

std::int64_t threads_of(const dim3& d) { return std::int64_t{d.x} * d.y * d.z; }

TEST(Launches, AreOfWholeWarpsAndOfSharedMemoryInPacks) {
  for (const OpCases& cases : op_cases())
    for (const auto& op : cases.all()) {
      if (op->flops() > 1e6) continue;
      for (const auto& launch : all_launches_of(*op)) {
        EXPECT_EQ(threads_of(launch.block) % 32, 0) << op->name() << ", " << launch.kernel;
        EXPECT_EQ(launch.dynamic_shared_bytes % 16, 0U) << op->name() << ", " << launch.kernel;
      }
    }
}

/// Each of these kernels has a thread for every `values_per_thread` of the case's values, and no
/// more blocks than these take.
void expect_threads(const Case& op, std::int64_t values, std::int64_t values_per_thread,
                    const Names& kernels) {
  const auto launches = launches_of(op);
  for (const std::string& kernel : kernels) {
    ASSERT_TRUE(launches.contains(kernel)) << op.name() << ": no " << kernel;
    const ::simt::LaunchRecord& launch = launches.at(kernel);
    const std::int64_t wanted = (values + values_per_thread - 1) / values_per_thread;
    const std::int64_t block = threads_of(launch.block);
    EXPECT_EQ(threads_of(launch.grid), (wanted + block - 1) / block) << op.name() << ", " << kernel;
  }
}

TEST(Launches, OfAnEpilogueTakeFourValuesPerThreadWhereTheyCan) {
  const Epilogue plain{false, Activation::leaky_relu, 0.3F, 0}, bias{true, Activation::tanh, 0, 0};
  const auto expect = [](std::int64_t rows, std::int64_t channels, std::int64_t rows_per_sample,
                         const EpilogueVariant& variant, std::int64_t per_thread,
                         const Names& kernels) {
    expect_threads(EpilogueCase(rows, channels, rows_per_sample, "launches", {variant}),
                   rows * channels, per_thread, kernels);
  };
  const Names both{"epilogue_forward", "epilogue_backward"};
  expect(100, 64, 1, {plain}, 4, both);
  expect(100, 33, 1, {plain}, 4, both);  // without a bias packs cross rows
  expect(99, 33, 1, {plain}, 1, both);
  expect(100, 64, 1, {bias}, 4, {"epilogue_forward"});
  expect(4096, 1, 1, {bias}, 1, {"epilogue_forward"});
  expect(100, 33, 1, {bias}, 1, {"epilogue_forward"});
  expect(100, 12, 25, {plain, true, true}, 4, {"epilogue_backward"});
  expect(4096, 1, 1, {plain, true, true}, 1, {"epilogue_backward"});  // a factor for each value
}

TEST(Launches, OfABatchNormTakeFourValuesPerThreadWhereTheyCan) {
  const auto expect = [](std::int64_t rows, std::int64_t channels, std::int64_t per_thread) {
    const BatchNormCase op({rows, channels, 0.99F, 1e-3F, Activation::leaky_relu, 0.3F});
    expect_threads(op, rows * channels, per_thread,
                   {"batch_norm_normalise", "batch_norm_gradient"});
    expect_threads(op, channels, 1, {"batch_norm_moving"});
  };
  expect(60, 64, 4);
  expect(5, 1028, 4);
  expect(60, 33, 1);
}

TEST(Launches, ThatAreRefusedThrow) {
  void (*const nothing)() = [] {};
  EXPECT_NO_THROW(DCGAN_TARGET::launch("nothing", nothing, dim3(1), dim3(1024), 0, nullptr));
  EXPECT_THROW(DCGAN_TARGET::launch("nothing", nothing, dim3(1), dim3(1056), 0, nullptr),
               DCGAN_TARGET::DeviceError);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
}

void half_a_warp_waits() { __syncwarp(threadIdx.x < 16 ? 0x0000ffffU : 0xffffffffU); }

/// What a launch after one that goes wrong throws, with this CUDA_LAUNCH_BLOCKING in the
/// environment.
std::string said_after_a_wrong_kernel(const char* blocking) {
  ::simt::Settings settings = ::simt::settings();
  settings.blocking = std::string(blocking) == "1";
  ::simt::set_settings(settings);
  setenv("CUDA_LAUNCH_BLOCKING", blocking, 1);
  std::string said;
  try {
    DCGAN_TARGET::launch("wrong", half_a_warp_waits, dim3(1), dim3(32), 0, nullptr);
    cudaDeviceSynchronize();
    DCGAN_TARGET::launch(
        "right", +[] {}, dim3(1), dim3(32), 0, nullptr);
  } catch (const DCGAN_TARGET::DeviceError& e) {
    said = e.what();
  }
  unsetenv("CUDA_LAUNCH_BLOCKING");
  settings.blocking = false;
  ::simt::set_settings(settings);
  ::simt::forget_failure();
  return said;
}

const std::string hint =
    "an earlier kernel may be the cause, run again with CUDA_LAUNCH_BLOCKING=1";

TEST(Launches, ThatGoWrongMayBeReportedByLaterOnes) {
  for (const char* blocking : {"", "0"}) {
    const std::string said = said_after_a_wrong_kernel(blocking);
    EXPECT_EQ(said.rfind("right failed", 0), 0U) << said;
    EXPECT_NE(said.find(hint), std::string::npos) << said;
  }
  const std::string said = said_after_a_wrong_kernel("1");
  EXPECT_EQ(said.rfind("wrong failed", 0), 0U) << said;
  EXPECT_EQ(said.find(hint), std::string::npos) << said;
}

TEST(Launches, ThatAreRefusedAreToBlameThemselves) {
  try {
    DCGAN_CUDA_CHECK(cudaErrorInvalidValue);
    FAIL();
  } catch (const DCGAN_TARGET::DeviceError& e) {
    EXPECT_NE(std::string(e.what()).find("invalid argument"), std::string::npos) << e.what();
    EXPECT_EQ(std::string(e.what()).find(hint), std::string::npos) << e.what();
  }
  using DCGAN_TARGET::is_of_a_running_kernel;
  // An illegal address, a timeout, a misaligned address ...
  for (const int code : {700, 702, 714, 715, 716, 717, 718, 719})
    EXPECT_TRUE(is_of_a_running_kernel(static_cast<cudaError_t>(code))) << code;
  // Too many registers, a peer's memory, host memory, too large a cooperative launch ...
  for (const int code : {1, 2, 9, 98, 209, 400, 600, 701, 704, 712, 713, 720, 900})
    EXPECT_FALSE(is_of_a_running_kernel(static_cast<cudaError_t>(code))) << code;
}

TEST(Launches, OfAConvolutionOfStrideThreeAreRefused) {
  EXPECT_THROW(DCGAN_TARGET::ConvKernels({1, 9, 9, 4, 4, 5, 3}), DCGAN_TARGET::DeviceError);
}

TEST(Launches, OfMasksAreOneForFour) {
  const auto launches = [](std::vector<std::int64_t> sizes) {
    std::vector<unsigned> blocks;
    for (const ::simt::LaunchRecord& launch : all_launches_of(KeepMasksCase(std::move(sizes))))
      blocks.push_back(launch.grid.x);
    return blocks;
  };
  using Blocks = std::vector<unsigned>;
  EXPECT_EQ(launches({512}), Blocks{1});
  EXPECT_EQ(launches({513, 1}), Blocks{3});
  EXPECT_EQ(launches({1, 1, 1, 1}), Blocks{4});
  EXPECT_EQ(launches({1, 1, 1, 1, 1024}), (Blocks{4, 2}));
}

TEST(Launches, OfNoiseAndMasksAreOne) {
  const auto launches = [](std::int64_t n, std::vector<std::int64_t> sizes) {
    std::vector<unsigned> blocks;
    for (const ::simt::LaunchRecord& launch : all_launches_of(DrawCase(n, std::move(sizes))))
      blocks.push_back(launch.grid.x);
    return blocks;
  };
  using Blocks = std::vector<unsigned>;
  EXPECT_EQ(launches(256, {}), Blocks{1});
  EXPECT_EQ(launches(257, {512}), Blocks{3});
  EXPECT_EQ(launches(4, {513, 1, 1, 1}), Blocks{6});
  EXPECT_EQ(launches(4, {1, 1, 1, 1, 1024}), (Blocks{5, 2}));
}

TEST(Launches, OfAdamAreOneForBothNetworks) {
  const auto blocks = [](std::int64_t n, std::int64_t second) {
    std::vector<unsigned> all;
    for (const ::simt::LaunchRecord& launch :
         all_launches_of(AdamCase(AdamConfig{}, n, 1, 1, second)))
      all.push_back(launch.grid.x);
    return all;
  };
  using Blocks = std::vector<unsigned>;
  EXPECT_EQ(blocks(4, 0), Blocks{1});
  EXPECT_EQ(blocks(1024, 0), Blocks{1});
  EXPECT_EQ(blocks(1028, 0), Blocks{2});
  EXPECT_EQ(blocks(2056, 1028), Blocks{4});
  EXPECT_EQ(blocks(2056, 4), Blocks{4});
}

// 32 pieces of memory share a launch: a gradient in parts is one, what lies between two another.
TEST(Launches, OfAdamAreOneForGradientsInParts) {
  const auto launches = [](int cuts) {
    std::vector<AdamCase::Cut> all;
    for (std::int64_t i = 0; i < cuts; ++i) all.push_back({16 * i + 8, 8, 2});
    return all_launches_of(AdamCase(AdamConfig{}, 16 * cuts, 1, 1, 0, all)).size();
  };
  EXPECT_EQ(launches(1), 1U);
  EXPECT_EQ(launches(16), 1U);
  EXPECT_EQ(launches(17), 2U);
}

TEST(Launches, OfAWeightedSumTakeFourValuesPerThreadWhereTheyCan) {
  using Sum = WeightedSumCase;
  using Blocks = std::vector<unsigned>;
  const auto blocks = [](const Sum& op) {
    Blocks all;
    for (const ::simt::LaunchRecord& launch : all_launches_of(op)) all.push_back(launch.grid.x);
    return all;
  };
  constexpr Sum::Factors flat{1, 1, false}, scaled{1, 1, true};
  EXPECT_EQ(blocks(Sum(1, 3, flat)), Blocks{1});
  EXPECT_EQ(blocks(Sum(1, 1024, flat)), Blocks{1});
  EXPECT_EQ(blocks(Sum(1, 1028, flat)), Blocks{2});
  EXPECT_EQ(blocks(Sum(3, 685, flat)), (Blocks{3, 1}));  // 2055: packs cross the rows
  EXPECT_EQ(blocks(Sum(4, 516, scaled)), Blocks{3});
  EXPECT_EQ(blocks(Sum(4, 514, scaled)), Blocks{9});
  for (const Sum::Odd odd : {Sum::Odd::a, Sum::Odd::b, Sum::Odd::y})
    EXPECT_EQ(blocks(Sum(1, 1028, flat, Sum::Into::y, odd)), Blocks{5});
}

class ChosenKernels : public testing::Test {
 protected:
  static Names of(const Case& op) {
    Names names;
    for (const auto& [kernel, launch] : launches_of(op)) names.insert(kernel);
    return names;
  }
  static Names of(const ConvShape& s) { return of(ConvCase(s)); }
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

TEST_F(ChosenKernels, MakeTheSumsOfBatchNormsBesideThemInPassing) {
  const auto of = [](const ConvShape& s) {
    return ChosenKernels::of(BesideNormCase(std::make_shared<ConvCase>(s)));
  };
  EXPECT_EQ(of({40, 7, 7, 8, 12, 5, 2}), (Names{"conv_backward_data", "batch_norm_normalise",
                                                "conv_forward", "batch_norm_gradient"}));
  // Products in parts, which are added up on the way.
  EXPECT_EQ(of({2, 14, 14, 32, 64, 5, 2}),
            (Names{"conv_forward", "batch_norm_statistics_of_parts", "batch_norm_normalise",
                   "conv_backward_data", "batch_norm_sums_of_parts", "batch_norm_gradient"}));
  // A batch norm of one channel, and one before a layer with one channel.
  const Names own_statistics{"one_channel_backward_data", "batch_norm_statistics",
                             "batch_norm_normalise", "one_channel_forward", "batch_norm_gradient"};
  EXPECT_EQ(of(transposed({3, 7, 7, 32, 1, 5, 2})), own_statistics);
  Names own_sums = own_statistics;
  own_sums.insert("batch_norm_gradient_sums");
  EXPECT_EQ(of(transposed({3, 7, 7, 12, 1, 5, 2})), own_sums);   // three packs of channels
  EXPECT_EQ(of(transposed({1, 3, 7, 256, 1, 5, 2})), own_sums);  // more than a warp has lanes
}

TEST(Launches, OfTheGeneratorsSumsForBatchNormAreNone) {
  const auto backend = make_backend("simt");
  const auto expect = [&](const ConvShape& s, bool statistics, bool sums) {
    const auto op = backend->convolution(s, {});
    const std::int64_t x = s.x_size() / s.in, y = s.y_size() / s.out;
    EXPECT_EQ(op->makes_statistics({y, s.out, 0.99F, 1e-3F}), statistics) << ConvCase(s).name();
    EXPECT_EQ(op->makes_sums({x, s.in, 0.99F, 1e-3F}), sums) << ConvCase(s).name();
    // A batch norm of whole images, as behind a dense layer, has other channels.
    EXPECT_FALSE(op->makes_statistics({s.batch, y / s.batch * s.out, 0.99F, 1e-3F}));
    EXPECT_FALSE(op->makes_sums({s.batch, x / s.batch * s.in, 0.99F, 1e-3F}));
  };
  for (const std::int64_t channels : {32, 64}) {  // dcgan's and tf-tutorial's
    expect(transposed({256, 7, 7, 4 * channels, 2 * channels, 5, 1}), true, true);
    expect(transposed({256, 7, 7, 2 * channels, channels, 5, 2}), true, true);
    expect(transposed({256, 14, 14, channels, 1, 5, 2}), false, true);
  }
  const auto tensor_cores = make_backend("simt", 0, Precision::tf32);
  EXPECT_FALSE(tensor_cores->convolution(transposed({256, 7, 7, 64, 32, 5, 2}), {})
                   ->makes_sums({12544, 64, 0.99F, 1e-3F}));
  // Statistics are those of a layer's arithmetic, with a bias at most.
  const Epilogue leaky{true, Activation::leaky_relu, 0.3F, 0}, dropout{false, {}, 0, 0.3F};
  for (const Epilogue& e : {leaky, dropout})
    EXPECT_FALSE(backend->dense({1024, 64, 64}, e)->makes_statistics({1024, 64, 0.99F, 1e-3F}));
  // Whole columns in a block: batch norm is one kernel by itself.
  EXPECT_FALSE(backend->dense({256, 64, 6272}, {})->makes_statistics({256, 6272, 0.99F, 1e-3F}));
}

// 48 KiB are 12288 floats. Forward: (height + 4) * (width + 4) of the padded image and 25 * out of
// the kernel; the weights' gradient has 4 * 25 * out sums instead.
TEST_F(ChosenKernels, AreDirectAsLongAsAnImageFitsSharedMemory) {
  EXPECT_EQ(of({1, 40, 273, 1, 4, 5, 1}), direct_but_weights);  // 12188 + 100
  EXPECT_EQ(of({1, 92, 123, 1, 4, 5, 1}), product);             // 12192 + 100
  EXPECT_EQ(of({1, 12, 739, 1, 4, 5, 1}), direct);              // 11888 + 400
  EXPECT_EQ(of({1, 8, 987, 1, 4, 5, 1}), direct_but_weights);   // 11892 + 400
}

TEST_F(ChosenKernels, AreVectorsForOneOutputOfPacks) {
  const Names vectors{"one_output_forward", "one_output_backward_data",
                      "one_output_backward_weights"};
  const Names products{"dense_forward", "dense_backward_data", "dense_backward_weights"};
  EXPECT_EQ(of(DenseCase({3, 36, 1})), vectors);
  EXPECT_EQ(of(DenseCase({3, 33, 1})), products);
  EXPECT_EQ(of(DenseCase({3, 36, 2})), products);
}

TEST(Launches, OfTallProductsHaveNoTileWiderThanTheResult) {
  for (const int columns : {32, 64})
    for (const int rows : {4096, 100'000})
      DCGAN_TARGET::with_tile<true>(
          DCGAN_TARGET::plan_product(rows, columns, 512, true, Precision::fp32),
          [&](auto tile) { EXPECT_LE(tile.n, columns); });
}

// Groups of threads share out a short sum, and there is no second launch.
TEST(Launches, OfVanillasProductsAreOne) {
  for (const DenseShape& s : std::vector<DenseShape>{
           {256, 100, 128}, {256, 128, 256}, {256, 256, 512}, {512, 784, 512}, {512, 256, 128}})
    EXPECT_EQ(all_launches_of(DenseCase(s, {{}})).front().grid.z, 1U) << s.in << " to " << s.out;
}

TEST(Launches, OfOneOutputAreAWarpPerSampleAndAThreadPerPack) {
  const auto launches = all_launches_of(DenseCase({101, 132, 1}, {{}}));
  ASSERT_EQ(launches.size(), 3U);
  const dim3 forward = launches[0].grid, backward_data = launches[1].grid,
             backward_weights = launches[2].grid;
  EXPECT_EQ(forward.x, 26U);
  EXPECT_EQ(backward_data.x, 27U);    // of 128 threads, for 3333 packs
  EXPECT_EQ(backward_weights.x, 2U);  // panels of 128 columns
  EXPECT_EQ(backward_weights.y, 4U);  // parts of at least 32 samples but for the last
}

}  // namespace
}  // namespace dcgan::test
