// Calls that a device repeats by itself, and downloads that the host need not wait for.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "backend/backend.h"
#include "usable_backends.h"

namespace dcgan::test {
namespace {

constexpr std::size_t count = 256, bytes = count * sizeof(float);

std::vector<float> downloaded(Backend& backend, const Buffer& from) {
  std::vector<float> values(from.bytes() / sizeof(float));
  backend.download(values.data(), from.f32(), from.bytes());
  return values;
}

/// values += 1, `times` times, by calls that are repeated. How often they were made.
class Counting {
 public:
  explicit Counting(Backend& backend)
      : backend_(backend), values_(backend.allocate(bytes)), ones_(backend.allocate(bytes)) {
    const std::vector<float> ones(count, 1.0F);
    backend.upload(ones_.f32(), ones.data(), bytes);
  }
  void run(RepeatedCalls& calls, int times) {
    for (int i = 0; i < times; ++i)
      calls.run([&] {
        ++made;
        backend_.weighted_sum({1, count, 1, nullptr, values_.f32(), 1, ones_.f32(), values_.f32()});
      });
  }
  void expect(float value) const {
    EXPECT_EQ(downloaded(backend_, values_), std::vector<float>(count, value));
  }
  int made = 0;

 private:
  Backend& backend_;
  Buffer values_, ones_;
};

/// Whose sums of parts need a workspace of some size.
std::unique_ptr<BatchNormOp> op_with_workspace(Backend& backend, std::int64_t channels) {
  return backend.batch_norm({512, channels, 0.99F, 1e-3F, Activation::none, 0});
}

class RepeatedCallsTest : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Backend> backend_ = make_backend(GetParam());
};

TEST_P(RepeatedCallsTest, DoWhatTheCallsDo) {
  Counting counting(*backend_);
  const auto calls = backend_->repeated_calls();
  counting.run(*calls, 7);
  counting.expect(7);
  counting.run(*calls, 3);
  counting.expect(10);
  EXPECT_EQ(counting.made, backend_->asynchronous() ? 2 : 10) << "planned once, captured once";
}

TEST_P(RepeatedCallsTest, FollowAWorkspaceThatHasGrown) {
  Counting counting(*backend_);
  const auto calls = backend_->repeated_calls();
  const auto small = op_with_workspace(*backend_, 4);
  const Buffer behind = backend_->allocate(bytes);  // so that it has to move
  counting.run(*calls, 3);
  const auto large = op_with_workspace(*backend_, 4096);
  counting.run(*calls, 3);
  counting.expect(6);
  EXPECT_EQ(counting.made, backend_->asynchronous() ? 3 : 6) << "captured anew";
}

TEST_P(RepeatedCallsTest, CanFailAndBeMadeAgain) {
  Counting counting(*backend_);
  const auto calls = backend_->repeated_calls();
  counting.run(*calls, 1);
  EXPECT_THROW(calls->run([] { throw std::runtime_error("made up"); }), std::runtime_error);
  counting.run(*calls, 2);
  counting.expect(3);
}

TEST_P(RepeatedCallsTest, AreMadeOneByOneWhereLaunchesBlock) {
  setenv("CUDA_LAUNCH_BLOCKING", "1", 1);
  Counting counting(*backend_);
  const auto calls = backend_->repeated_calls();
  counting.run(*calls, 4);
  unsetenv("CUDA_LAUNCH_BLOCKING");
  counting.expect(4);
  EXPECT_EQ(counting.made, 4);
}

TEST_P(RepeatedCallsTest, PendingDownloadsHaveWhatWasThereWhenTheyBegan) {
  const Buffer values = backend_->allocate(bytes);
  std::vector<float> sent(count);
  std::vector<std::unique_ptr<PendingDownload>> downloads;
  for (int i = 0; i < 3; ++i) {
    std::iota(sent.begin(), sent.end(), 1000.0F * static_cast<float>(i));
    backend_->upload(values.f32(), sent.data(), bytes);
    downloads.push_back(backend_->pending_download(bytes));
    downloads.back()->begin(values.f32(), bytes / 2);
  }
  std::fill(sent.begin(), sent.end(), -1.0F);
  backend_->upload(values.f32(), sent.data(), bytes);
  for (const int i : {1, 0, 2}) {
    std::vector<float> got(count / 2), expected(count / 2);
    std::memcpy(got.data(), downloads[static_cast<std::size_t>(i)]->finish(), bytes / 2);
    std::iota(expected.begin(), expected.end(), 1000.0F * static_cast<float>(i));
    EXPECT_EQ(got, expected) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, RepeatedCallsTest, testing::ValuesIn(usable_backends()),
                         backend_test_name);

}  // namespace
}  // namespace dcgan::test
