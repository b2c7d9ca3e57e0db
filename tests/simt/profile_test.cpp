// Profile mode counts what can be counted on paper: kernels of few lines, each with the requests,
// sectors and passes that its addresses make. The same in every order, with one worker and several.
#include "simt/profile/profile.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>

#include "simt/known_kernels.h"
#include "simt/machine.h"

namespace dcgan::test {
namespace {

using simt::profile::Counts;
using simt::profile::KernelProfile;
using simt::profile::LineProfile;
using simt::profile::Space;

/// What a marked line does, all its requests together.
struct Known {
  const char* mark;
  const char* what;  // "load global 4": direction, space, bytes per lane
  std::uint64_t requests, lanes;
  std::uint64_t moved, ideal;  // sectors or, in shared memory, wavefronts
  unsigned ways = 0;
};

struct KnownKernel {
  const char* name;
  std::vector<Known> lines;
};

void PrintTo(const KnownKernel& kernel, std::ostream* out) { *out << kernel.name; }

// A warp's 32 floats in a row are 128 bytes: 4 sectors. A column of a 128 x 128 matrix is one
// sector per lane. 128 * 128 / 32 = 512 requests read it.
const KnownKernel known_kernels[] = {
    {"transpose_naive",
     {{"naive_load", "load global 4", 512, 16384, 512 * 4, 512 * 4},
      {"naive_store", "store global 4", 512, 16384, 512 * 32, 512 * 4}}},
    // A column of tile[32][32] lies in one bank; in tile[32][33] each row shifts by one.
    {"transpose_tile_32",
     {{"tiled_load", "load global 4", 512, 16384, 512 * 4, 512 * 4},
      {"tiled_in", "store shared 4", 512, 16384, 512, 512, 1},
      {"tiled_out", "load shared 4", 512, 16384, 512 * 32, 512, 32},
      {"tiled_store", "store global 4", 512, 16384, 512 * 4, 512 * 4}}},
    {"transpose_tile_33",
     {{"tiled_load", "load global 4", 512, 16384, 512 * 4, 512 * 4},
      {"tiled_in", "store shared 4", 512, 16384, 512, 512, 1},
      {"tiled_out", "load shared 4", 512, 16384, 512, 512, 1},
      {"tiled_store", "store global 4", 512, 16384, 512 * 4, 512 * 4}}},
    // 1024 threads: 32 warps. A stride of 2 floats doubles what is touched, from 8 floats on each
    // lane has a sector of its own.
    {"copy_stride_1",
     {{"strided_load", "load global 4", 32, 1024, 32 * 4, 32 * 4},
      {"strided_store", "store global 4", 32, 1024, 32 * 4, 32 * 4}}},
    {"copy_stride_2",
     {{"strided_load", "load global 4", 32, 1024, 32 * 8, 32 * 4},
      {"strided_store", "store global 4", 32, 1024, 32 * 4, 32 * 4}}},
    {"copy_stride_8",
     {{"strided_load", "load global 4", 32, 1024, 32 * 32, 32 * 4},
      {"strided_store", "store global 4", 32, 1024, 32 * 4, 32 * 4}}},
    // 32 lanes of 16 bytes: 512 bytes, 16 sectors.
    {"copy_float4",
     {{"float4_load", "load global 16", 32, 1024, 32 * 16, 32 * 16},
      {"float4_store", "store global 16", 32, 1024, 32 * 16, 32 * 16}}},
    {"copy_bytes",
     {{"bytes", "load global 1", 32, 1024, 32, 32}, {"bytes", "store global 1", 32, 1024, 32, 32}}},
    // 4 blocks of 8 warps, 2 slices: 64 warp slices. A: 8 rows of 64 bytes, two sectors each. B: 2
    // rows of 256 bytes. A is stored transposed: t / 4 gives 8 columns, t % 4 rows that are 4 * 64
    // words apart, so four lanes meet in a bank. 16-byte accesses take 4 passes of 8 lanes, in
    // which rows are one broadcast value and columns 8 neighbours.
    {"product_float4",
     {{"product_a", "load global 16", 64, 2048, 64 * 16, 64 * 16},
      {"product_b", "load global 16", 64, 2048, 64 * 16, 64 * 16},
      {"product_a0", "store shared 4", 64, 2048, 64 * 4, 64, 4},
      {"product_a1", "store shared 4", 64, 2048, 64 * 4, 64, 4},
      {"product_a2", "store shared 4", 64, 2048, 64 * 4, 64, 4},
      {"product_a3", "store shared 4", 64, 2048, 64 * 4, 64, 4},
      {"product_b_store", "store shared 16", 64, 2048, 64 * 4, 64 * 4, 1},
      {"product_row", "load shared 16", 1024, 32768, 1024 * 4, 1024 * 4, 1},
      {"product_column", "load shared 16", 1024, 32768, 1024 * 4, 1024 * 4, 1},
      {"product_store", "store global 16", 128, 4096, 128 * 16, 128 * 16}}},
    // 32 lanes, one word.
    {"broadcast",
     {{"broadcast_load", "load global 4", 32, 1024, 32, 32},
      {"broadcast_store", "store global 4", 32, 1024, 32 * 4, 32 * 4}}},
    // 8 words of one sector, four lanes each: an atomic operation loads and stores.
    {"count_4_blocks",
     {{"count", "load global 4", 4, 128, 4, 4}, {"count", "store global 4", 4, 128, 4, 4}}},
    // A store of 32 lanes, 8 to a pass, and a load of 24 lanes, two to a sector.
    {"asynchronous",
     {{"asynchronous", "store shared 16", 1, 32, 4, 4, 1},
      {"asynchronous", "load global 16", 1, 24, 12, 12},
      {"arrived", "load shared 16", 1, 32, 4, 4, 1},
      {"arrived_out", "store global 4", 1, 32, 4, 4}}},
    // 8-byte accesses take 2 passes of 16 lanes; of every second pair, lanes that are 8 apart meet.
    {"pairs",
     {{"pairs_in", "load global 4", 1, 32, 4, 4},
      {"pairs_store", "store shared 8", 1, 32, 2, 2, 1},
      {"pairs_store_high", "store shared 8", 1, 32, 2, 2, 1},
      {"pairs_load", "load shared 8", 1, 32, 4, 2, 2},
      {"pairs_out", "store global 4", 1, 32, 4, 4}}},
    // Rounds of 32, 24, 16 and 8 lanes. In each group of four lanes the last ones stay, so each
    // round touches all 4 sectors; ideal: 4, 3, 2, 1.
    {"rounds_differ",
     {{"rounds_load", "load global 4", 4, 80, 16, 10},
      {"rounds_store", "store global 4", 1, 32, 4, 4}}},
    // Four rounds of 16 lanes, every second one: 4 sectors where 2 would do.
    {"turns",
     {{"turns_load", "load global 4", 4, 64, 16, 8},
      {"turns_store", "store global 4", 1, 32, 4, 4}}},
    {"two_ways",
     {{"low_way", "load global 4", 1, 8, 1, 1},
      {"high_way", "load global 4", 1, 24, 3, 3},
      {"meeting", "store global 4", 1, 32, 4, 4}}},
};

/// "known_kernels.cu:12" for the line that carries the mark.
std::string line_of(const std::string& mark) {
  std::ifstream source(DCGAN_KNOWN_KERNELS);
  const std::regex wanted("// @" + mark + "$");
  std::string text;
  for (int line = 1; std::getline(source, text); ++line)
    if (std::regex_search(text, wanted)) return "known_kernels.cu:" + std::to_string(line);
  return "no such mark";
}

std::string what(const LineProfile& line) {
  return std::string(line.write ? "store " : "load ") +
         (line.space == Space::global ? "global " : "shared ") + std::to_string(line.width_bytes);
}

/// The profile's lines with this mark and this kind of access.
Counts counts_of(const KernelProfile& profile, const Known& known) {
  Counts sum;
  for (const LineProfile& line : profile.lines)
    if (line.line == line_of(known.mark) && what(line) == known.what) sum.add(line.counts);
  return sum;
}

class Profile : public testing::Test {
 protected:
  void TearDown() override {
    simt::profile::end();
    simt::set_settings(settings_);
  }
  KernelProfile profile(const std::string& name, std::uint64_t most_blocks = 1 << 20) {
    std::vector<KernelProfile> all;
    simt::profile::begin(most_blocks, [&](const KernelProfile& p) { all.push_back(p); });
    run_known_kernel(name);
    simt::profile::end();
    EXPECT_EQ(all.size(), most_blocks > 0 ? 1U : 0U);
    return all.empty() ? KernelProfile{} : all.front();
  }

 private:
  simt::Settings settings_ = simt::settings();
};

class ProfileOf : public Profile, public testing::WithParamInterface<KnownKernel> {};

TEST_P(ProfileOf, CountsAsCountedByHand) {
  for (const simt::Order order : {simt::Order::forward, simt::Order::reverse, simt::Order::random})
    for (const int workers : {1, 3}) {
      simt::set_settings({order, 7, workers, 80});
      const KernelProfile p = profile(GetParam().name);
      EXPECT_EQ(p.blocks, p.sampled_blocks);
      std::uint64_t requests = 0;
      for (const Known& known : GetParam().lines) {
        SCOPED_TRACE(std::string(known.mark) + ", " + known.what);
        const Counts c = counts_of(p, known);
        const bool global = std::string(known.what).find("global") != std::string::npos;
        EXPECT_EQ(c.requests, known.requests);
        EXPECT_EQ(c.lanes, known.lanes);
        EXPECT_EQ(
            c.bytes,
            known.lanes *
                std::stoul(std::string(known.what).substr(std::string(known.what).rfind(' '))));
        EXPECT_EQ(global ? c.sectors : c.wavefronts, known.moved);
        EXPECT_EQ(global ? c.ideal_sectors : c.ideal_wavefronts, known.ideal);
        EXPECT_EQ(c.most_ways, known.ways);
        requests += c.requests;
      }
      for (const LineProfile& line : p.lines) {
        if (line.counts.requests > 0) requests -= line.counts.requests;
      }
      EXPECT_EQ(requests, 0U) << "a line that nobody counted";
    }
}
INSTANTIATE_TEST_SUITE_P(Kernels, ProfileOf, testing::ValuesIn(known_kernels),
                         [](const auto& kernel) { return std::string(kernel.param.name); });

TEST_F(Profile, SamplesBlocksOverTheGrid) {
  const KernelProfile p = profile("copy_1000_blocks", 8);
  EXPECT_EQ(p.blocks, 1000U);
  EXPECT_EQ(p.sampled_blocks, 8U);
  EXPECT_EQ(p.scale(), 125);
  ASSERT_FALSE(p.lines.empty());
  EXPECT_EQ(p.lines.front().counts.requests, 8U * 8);
  EXPECT_EQ(p.kernel, "known");
  EXPECT_EQ(p.block.x, 256U);
}

TEST_F(Profile, LeavesCountersAsTheyWere) { EXPECT_NO_THROW(profile("count_1000_blocks", 8)); }

TEST_F(Profile, RunsNothingForASampleOfZeroBlocks) { profile("copy_stride_1", 0); }

}  // namespace
}  // namespace dcgan::test
