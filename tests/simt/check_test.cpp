// Check mode finds what is wrong in kernels, names thread and line, and says nothing of their
// corrected twins; in every order of threads, blocks and streams, with one worker and several.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>

#include "simt/cuda/cuda_runtime.h"
#include "simt/machine.h"
#include "simt/wrong_kernels.h"

namespace dcgan::test {

void PrintTo(const WrongKernel& kernel, std::ostream* out) { *out << kernel.name; }

namespace {

/// "@name" becomes "wrong_device_code.h:12", the line that carries the mark.
std::string with_lines(const std::string& report) {
  static const std::map<std::string, std::string> places = [] {
    std::map<std::string, std::string> found;
    for (const std::string file :
         {"wrong_device_code.h", "wrong_counter_code.h", "wrong_copy_code.h", "wrong_kernels.cu"}) {
      std::ifstream source(std::string(DCGAN_WRONG_KERNELS) + "/" + file);
      std::string text;
      const std::regex mark("// @(\\w+)$");
      std::smatch match;
      for (int line = 1; std::getline(source, text); ++line)
        if (std::regex_search(text, match, mark))
          found[match[1]] = file + ":" + std::to_string(line);
    }
    return found;
  }();
  std::string all = report;
  const std::regex mark("@(\\w+)");
  for (std::smatch match; std::regex_search(all, match, mark);) {
    const std::string name = match[1];
    const std::string place = places.contains(name) ? places.at(name) : "no such mark";
    all.replace(static_cast<std::size_t>(match.position()), name.size() + 1, place + "\\b");
  }
  return all;
}

std::vector<simt::Settings> all_settings() {
  std::vector<simt::Settings> all;
  for (const int workers : {1, 2}) {
    simt::Settings s;
    s.workers = workers;
    s.devices = 2;
    for (s.order = simt::Order::forward;; s.order = simt::Order::reverse) {
      all.push_back(s);
      if (s.order == simt::Order::reverse) break;
    }
    s.order = simt::Order::random;
    for (s.seed = 1; s.seed <= 8; ++s.seed) all.push_back(s);
  }
  return all;
}

std::string name_of(const simt::Settings& s) {
  const char* orders[] = {"forward", "reverse", "random"};
  return std::string(orders[static_cast<int>(s.order)]) + " order, seed " + std::to_string(s.seed) +
         ", " + std::to_string(s.workers) + " workers";
}

class Check : public testing::TestWithParam<WrongKernel> {
 protected:
  void TearDown() override {
    simt::forget_failure();
    simt::set_settings(settings_);
  }
  std::string outcome(bool wrong, const simt::Settings& settings) const {
    simt::set_settings(settings);
    const std::string thrown = GetParam().run(wrong);
    const std::string failure = simt::failure();
    simt::forget_failure();
    return failure.empty() ? thrown : failure;
  }

 private:
  simt::Settings settings_ = simt::settings();
};

TEST_P(Check, ReportsTheWrongOne) {
  const std::regex report(with_lines(GetParam().report));
  for (const simt::Settings& settings : all_settings()) {
    const std::string said = outcome(true, settings);
    EXPECT_TRUE(std::regex_search(said, report))
        << name_of(settings) << ": '" << said << "' has not " << with_lines(GetParam().report);
  }
}

TEST_P(Check, IsSilentOnTheCorrectedOne) {
  for (const simt::Settings& settings : all_settings())
    EXPECT_EQ(outcome(false, settings), "") << name_of(settings);
}

INSTANTIATE_TEST_SUITE_P(Kernels, Check, testing::ValuesIn(wrong_kernels()),
                         [](const auto& kernel) { return kernel.param.name; });
INSTANTIATE_TEST_SUITE_P(Counters, Check, testing::ValuesIn(wrong_counters()),
                         [](const auto& kernel) { return kernel.param.name; });
INSTANTIATE_TEST_SUITE_P(Copies, Check, testing::ValuesIn(wrong_copies()),
                         [](const auto& kernel) { return kernel.param.name; });

void meet_once() { __syncthreads(); }

TEST(CheckOfHostCode, ContinuesAfterAnUncheckedKernelOnTheSameThread) {
  const simt::Settings before = simt::settings();
  simt::Settings settings = before;
  settings.workers = 1;
  simt::set_settings(settings);
  ASSERT_EQ(simt::queue_kernel<false>("meet_once", meet_once, 1, 2, 0, nullptr), cudaSuccess);
  ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  const std::vector<WrongKernel> all = wrong_kernels();
  const auto too_early = std::find_if(all.begin(), all.end(), [](const WrongKernel& kernel) {
    return kernel.name == "host_read_too_early";
  });
  ASSERT_NE(too_early, all.end());
  too_early->run(true);
  EXPECT_NE(simt::failure(), "");
  simt::forget_failure();
  simt::set_settings(before);
}

}  // namespace
}  // namespace dcgan::test
