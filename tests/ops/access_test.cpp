// Memory accesses of kernels at shapes that allow the best: 16 bytes at a time, each sector once,
// shared memory without conflicts. Results would not show a loss, only times.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "ops/conv_case.h"
#include "ops/dense_case.h"
#include "ops/suite.h"
#include "simt/profile/profile.h"

namespace dcgan::test {
namespace {

using simt::profile::Counts;
using simt::profile::KernelProfile;
using simt::profile::LineProfile;
using simt::profile::Space;

/// The widths of global memory accesses, in bytes.
struct Widths {
  std::set<unsigned> loads{16}, stores{16};
};

/// The accesses of all launches of a kernel.
struct Accesses {
  Widths widths{{}, {}};
  Counts global, shared;

  void add(const LineProfile& line) {
    if (line.line.starts_with("arrival.h:") && line.space == Space::global) return;  // a counter
    const bool in_shared = line.space == Space::shared;
    (in_shared ? shared : global).add(line.counts);
    if (!in_shared) (line.write ? widths.stores : widths.loads).insert(line.width_bytes);
  }
};

/// All accesses of the case's kernels are as wide as `widths` says and take no more sectors and
/// passes over the banks of shared memory than they must. Returns the threads of a block in each
/// kernel's first launch: the second adds up parts.
std::set<unsigned> expect_accesses(const Case& op, const std::vector<std::string>& kernels,
                                   const Widths& widths = {},
                                   Precision precision = Precision::fp32) {
  const auto backend = make_backend("simt-check", 0, precision);
  std::map<std::string, Accesses> accesses;
  std::set<unsigned> blocks;
  constexpr std::uint64_t sampled_blocks = 16;
  simt::profile::begin(sampled_blocks, [&](const KernelProfile& kernel) {
    if (!accesses.contains(kernel.kernel)) blocks.insert(kernel.block.x);
    for (const LineProfile& line : kernel.lines) accesses[kernel.kernel].add(line);
  });
  run_all(op, *backend);
  simt::profile::end();
  for (const std::string& kernel : kernels) {
    const std::string where = op.name() + ", " + kernel;
    const Accesses& all = accesses[kernel];
    EXPECT_EQ(all.widths.loads, widths.loads) << where;
    EXPECT_EQ(all.widths.stores, widths.stores) << where;
    EXPECT_EQ(all.global.sectors, all.global.ideal_sectors) << where;
    EXPECT_EQ(all.shared.wavefronts, all.shared.ideal_wavefronts) << where;
  }
  return blocks;
}

const std::vector<Forward> plain{{Epilogue{true, Activation::leaky_relu, 0.3F, 0}}};

TEST(Access, OfProductsIsInPacks) {
  const std::vector<std::string> dense{"dense_forward", "dense_backward_data",
                                       "dense_backward_weights"};
  // Of threads: the narrow tile has 64, those of two groups 128, of six 192, the wide one 256.
  EXPECT_TRUE(expect_accesses(DenseCase({100'352, 64, 32}, plain), dense).contains(64));
  EXPECT_TRUE(expect_accesses(DenseCase({4096, 512, 32}, plain), dense).contains(192));
  EXPECT_TRUE(expect_accesses(DenseCase({32, 1024, 32}, plain), dense).contains(128));
  EXPECT_TRUE(expect_accesses(DenseCase({256, 64, 6272}, plain), dense).contains(256));
  const std::vector<std::string> conv{"conv_forward", "conv_backward_data",
                                      "conv_backward_weights"};
  expect_accesses(ConvCase({4, 14, 14, 32, 64, 5, 2}, plain), conv);
  expect_accesses(ConvCase(transposed({4, 7, 7, 128, 64, 5, 1}), plain), conv);
}

TEST(Access, OfTensorCoresIsInPacks) {
  const Widths packs;
  for (const Precision precision : {Precision::tf32x3, Precision::tf32}) {
    expect_accesses(DenseCase({256, 64, 256}, plain),
                    {"dense_forward", "dense_backward_data", "dense_backward_weights"}, packs,
                    precision);
    const std::vector<std::string> conv{"conv_forward", "conv_backward_data",
                                        "conv_backward_weights"};
    expect_accesses(ConvCase({4, 14, 14, 32, 64, 5, 2}, plain), conv, packs, precision);
    expect_accesses(ConvCase(transposed({4, 7, 7, 128, 64, 5, 1}), plain), conv, packs, precision);
  }
}

TEST(Access, OfOneChannelIsInPacksButForTheImageAndTheKernel) {
  const ConvCase op({4, 28, 28, 1, 32, 5, 2}, plain);
  expect_accesses(op, {"one_channel_forward"}, {{4, 16}, {16}});  // 16: the bias
  expect_accesses(op, {"one_channel_backward_data"}, {{4, 16}, {4}});
  expect_accesses(op, {"one_channel_backward_weights"}, {{4, 16}, {16}});
}

TEST(Access, OfOneOutputIsInPacksButForOneValuePerSample) {
  const DenseCase op({96, 256, 1}, plain);
  expect_accesses(op, {"one_output_forward"}, {{4, 16}, {4}});
  expect_accesses(op, {"one_output_backward_data"}, {{4, 16}, {16}});
  expect_accesses(op, {"one_output_backward_weights"}, {{4, 16}, {16}});
}

TEST(Access, OfEveryOpIsAsWideAsItsCasesSay) {
  for (const OpCases& cases : op_cases())
    for (const AccessWidths& a : cases.accesses)
      expect_accesses(*a.op, a.kernels, {a.loads, a.stores});
}

}  // namespace
}  // namespace dcgan::test
