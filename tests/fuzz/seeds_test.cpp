// Without libFuzzer: each fuzzer's seeds are read, and hundreds of damaged copies of them throw an
// Error and nothing else. So the fuzzers keep working where only the suite is run.
#include <gtest/gtest.h>

#include <algorithm>
#include <exception>
#include <string>
#include <vector>

#include "damage.h"
#include "dcgan/error.h"
#include "fuzz/fuzzer.h"
#include "sanitized.h"

namespace dcgan::fuzz {
namespace {

class FuzzSeeds : public testing::TestWithParam<const Fuzzer*> {};

/// What was thrown other than Error; empty: nothing.
std::string thrown_by(const Fuzzer& fuzzer, const std::string& input) {
  try {
    fuzzer.read(input);
  } catch (const Error&) {
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

TEST_P(FuzzSeeds, AreRead) {
  const std::vector<std::string> seeds = GetParam()->seeds();
  ASSERT_FALSE(seeds.empty());
  for (const std::string& seed : seeds) EXPECT_NO_THROW(GetParam()->read(seed)) << seed;
}

TEST_P(FuzzSeeds, DamagedThrowErrorsOnly) {
  const Fuzzer& fuzzer = *GetParam();
  const std::vector<std::string> seeds = fuzzer.seeds();
  constexpr unsigned damages = test::sanitized ? 100 : 500;
  for (unsigned seed = 0; seed < damages; ++seed) {
    const Damage bytes = [&](const std::string& text) {
      return text.empty() ? "x" : test::Damage(seed)(text);
    };
    std::string input = seeds[seed % seeds.size()];
    for (unsigned n = 0; n <= seed % 3; ++n)
      input = fuzzer.damage ? fuzzer.damage(input, seed + n, bytes) : bytes(input);
    ASSERT_EQ(thrown_by(fuzzer, input), "") << "damage " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(All, FuzzSeeds,
                         testing::Values(&fuzz_checkpoint, &fuzz_config, &fuzz_gz, &fuzz_idx,
                                         &fuzz_log, &fuzz_pictures, &fuzz_safetensors, &fuzz_set,
                                         &fuzz_tape),
                         [](const auto& fuzzer) { return std::string(fuzzer.param->name); });

}  // namespace
}  // namespace dcgan::fuzz
