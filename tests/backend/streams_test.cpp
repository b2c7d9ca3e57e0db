// Uploads travel on a stream of their own: whatever legal order the streams run in, every call sees
// the results of those before it, and nothing of those after it.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <vector>

#include "backend/backend.h"
#include "backend/recording.h"
#include "simt/machine.h"

namespace dcgan::test {
namespace {

class StreamOrder : public testing::Test {
 protected:
  ~StreamOrder() override { ::simt::set_settings(before_); }

  /// Calls body(backend) in each order of streams, and in random ones.
  template <class Body>
  void in_every_order(const Body& body, std::uint64_t orders = 40) {
    for (std::uint64_t seed = 0; seed < orders; ++seed) {
      SCOPED_TRACE(seed);
      const auto order = seed == 0   ? ::simt::Order::forward
                         : seed == 1 ? ::simt::Order::reverse
                                     : ::simt::Order::random;
      ::simt::set_settings({order, seed, 1, 80});
      body(*make_backend("simt"));
    }
  }

  static std::vector<float> counted_from(float first, std::size_t n = count) {
    std::vector<float> values(n);
    std::iota(values.begin(), values.end(), first);
    return values;
  }
  static std::vector<float> downloaded(Backend& backend, const Buffer& from) {
    std::vector<float> values(from.bytes() / sizeof(float));
    backend.download(values.data(), from.f32(), from.bytes());
    return values;
  }
  static void upload(Backend& backend, const Buffer& to, const std::vector<float>& values) {
    backend.upload(to.f32(), values.data(), values.size() * sizeof(float));
  }

  static constexpr std::size_t count = 256, bytes = count * sizeof(float);

 private:
  ::simt::Settings before_ = ::simt::settings();
};

TEST_F(StreamOrder, AnUploadFollowsEarlierCalls) {
  in_every_order([](Backend& backend) {
    const Buffer values = backend.allocate(bytes), before = backend.allocate(bytes);
    upload(backend, values, counted_from(1));
    backend.copy(before.f32(), values.f32(), bytes);
    upload(backend, values, counted_from(1000));
    EXPECT_EQ(downloaded(backend, before), counted_from(1));
    EXPECT_EQ(downloaded(backend, values), counted_from(1000));
  });
}

TEST_F(StreamOrder, LaterCallsSeeAnUpload) {
  in_every_order([](Backend& backend) {
    const Buffer values = backend.allocate(bytes), after = backend.allocate(bytes);
    for (const float first : {1.0F, 1000.0F, 5000.0F}) {
      upload(backend, values, counted_from(first));
      backend.copy(after.f32(), values.f32(), bytes);
      backend.draw_normal({{1, 2, 3}, count, values.f32()});  // is not what the copy took
      EXPECT_EQ(downloaded(backend, after), counted_from(first));
    }
  });
}

TEST_F(StreamOrder, TheCallersMemoryIsFreeWhenAnUploadReturns) {
  constexpr std::size_t several_stagings = 3 * (std::size_t{1} << 20) + 3;
  in_every_order(
      [](Backend& backend) {
        const Buffer values = backend.allocate(several_stagings * sizeof(float));
        const std::vector<float> sent = counted_from(1, several_stagings);
        std::vector<float> mine = sent;
        upload(backend, values, mine);
        mine.assign(mine.size(), -1);
        EXPECT_EQ(downloaded(backend, values), sent);
      },
      10);
}

TEST_F(StreamOrder, NothingIsLeftToDoAfterSynchronise) {
  in_every_order([](Backend& backend) {
    const auto stream = static_cast<cudaStream_t>(backend.native_stream());
    const Buffer values = backend.allocate(bytes);
    const auto recorder =
        make_recording_backend(backend, [](const Op&, const auto& run) { run(); });
    for (Backend* b : {&backend, recorder.get()}) {
      b->draw_normal({{1, 2, 3}, count, values.f32()});
      b->synchronise();
      EXPECT_EQ(cudaStreamQuery(stream), cudaSuccess);
    }
  });
}

TEST_F(StreamOrder, MemoryIsZeroBeforeItIsWritten) {
  in_every_order([](Backend& backend) {
    const Buffer values = backend.allocate(bytes);
    upload(backend, values, counted_from(1));
    EXPECT_EQ(downloaded(backend, values), counted_from(1));
    const Buffer more = backend.allocate(bytes);
    EXPECT_EQ(downloaded(backend, more), std::vector<float>(count));
  });
}

}  // namespace
}  // namespace dcgan::test
