// Which backends there are, how one is chosen by name, and sizes that the kernels do not count.
#include <gtest/gtest.h>

#include "backend/backend.h"
#include "dcgan/error.h"

namespace dcgan::test {
namespace {

template <class Exception, class Call>
std::string thrown(const Call& call) {
  try {
    call();
  } catch (const Exception& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST(Choice, ListsFourBackendsTheFastestFirst) {
  std::vector<std::string> names;
  for (const BackendStatus& b : backend_statuses()) names.push_back(b.name);
  EXPECT_EQ(names, (std::vector<std::string>{"cuda", "cpu", "simt", "simt-check"}));
  EXPECT_EQ(backend_statuses()[1].why_unavailable, "");
#if defined(__x86_64__)
  const bool runs = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  EXPECT_EQ(backend_statuses()[2].why_unavailable.empty(), runs);
#endif
}

TEST(Choice, GivesTheNamedBackendOrSaysWhyNot) {
  for (const BackendStatus& b : backend_statuses()) {
    if (b.why_unavailable.empty()) {
      EXPECT_EQ(make_backend(b.name)->name(), b.name);
    } else {
      EXPECT_NE(thrown<Error>([&] { make_backend(b.name); }).find("backend '" + b.name + "'"),
                std::string::npos);
    }
  }
  for (const char* unknown : {"", "gpu", "CPU", "simt_check"})
    EXPECT_EQ(thrown<UsageError>([&] { make_backend(unknown); }),
              "unknown backend '" + std::string(unknown) +
                  "'; there are auto, cuda, cpu, simt, simt-check");
}

TEST(Choice, OfAutoIsTheFirstThatCanBeUsed) {
  std::string first;
  for (const BackendStatus& b : backend_statuses())
    if (first.empty() && b.why_unavailable.empty()) first = b.name;
  EXPECT_EQ(make_backend("auto")->name(), first);
}

TEST(Choice, GivesABackendOfTheName) {
  for (const BackendStatus& b : backend_statuses())
    if (b.why_unavailable.empty()) {
      EXPECT_EQ(make_backend(b.name)->name(), b.name);
    } else {
      const std::string said = thrown<Error>([&] { make_backend(b.name); });
      EXPECT_NE(said.find(b.why_unavailable), std::string::npos) << said;
    }
}

TEST(Choice, ABufferOfNothingHasNoBytes) { EXPECT_EQ(Buffer().bytes(), 0U); }

TEST(Choice, PassesTheThreadsOn) {
  EXPECT_NE(make_backend("cpu", 1)->description().find("1 thread"), std::string::npos);
  EXPECT_NE(make_backend("cpu", 3)->description().find("3 threads"), std::string::npos);
}

// Tensors of 2^32 values. The kernels count them in 31 bits.
TEST(Sizes, BeyondTheKernelsCountAreRefused) {
  for (const BackendStatus& status : backend_statuses())
    if (status.name == "simt" && !status.why_unavailable.empty())
      GTEST_SKIP() << status.why_unavailable;
  const auto backend = make_backend("simt");
  constexpr std::int64_t many = 65536;
  const auto expect_refused = [](const auto& call) {
    EXPECT_EQ(thrown<Error>(call),
              "a tensor of more than 2^31 values; a smaller --batch-size may fit");
  };
  expect_refused([&] { backend->dense({many, many, 1}, {}); });
  expect_refused([&] { backend->dense({many, 1, many}, {}); });
  expect_refused([&] { backend->dense({1, many, many}, {}); });
  expect_refused([&] { backend->batch_norm({many, many, 0.9F, 1e-3F}); });
  // {batch, height, width, in, out, kernel, stride}: input, output, kernel.
  const ConvShape convs[] = {{many, 256, 256, 1, 1, 1, 256}, {256, many, 256, 1, 1, 1, 256},
                             {256, 256, many, 1, 1, 1, 256}, {256, 4, 4, many * 16, 1, 1, 4},
                             {1, 4, 4, many, many, 1, 4},    {1, 4, 4, 256, 256, 256, 4}};
  for (const ConvShape& s : convs) expect_refused([&] { backend->convolution(s, {}); });
  expect_refused([&] { backend->convolution({1024, 64, 64, 1, 1024, 1, 1}, {}); });
  // A transposed convolution's output is the larger one.
  expect_refused([&] { backend->convolution({1024, 64, 64, 1, 4, 1, 16, true}, {}); });
  expect_refused([&] { backend->convolution({1024, 1, 4096, 1, 4, 1, 16, true}, {}); });
  expect_refused([&] { backend->convolution({1024, 4096, 1, 1, 4, 1, 16, true}, {}); });
  EXPECT_NO_THROW(backend->batch_norm({2147483647, 1, 0.9F, 1e-3F}));
  // They can count half as many.
  EXPECT_NO_THROW(backend->convolution({1024, 64, 64, 1, 256, 1, 1}, {}));
  EXPECT_NO_THROW(backend->convolution({1024, 32, 32, 1, 256, 1, 2, true}, {}));
  EXPECT_NO_THROW(backend->dense({many / 4, many, 1}, {}));
}

}  // namespace
}  // namespace dcgan::test
