// Asynchronous copies on the SIMT machine, unchecked: what they bring, and that they land at the
// wait that covers them and no earlier.
#include "kernels/device/async_copy.h"

#include <numeric>

#include "simt/machine_test.h"

namespace simt_test {
namespace {

using dcgan::DCGAN_TARGET::commit_copies;
using dcgan::DCGAN_TARGET::copy_async;
using dcgan::DCGAN_TARGET::wait_for_copies;

class AsyncCopies : public MachineTest {
 protected:
  static std::vector<float> counting(std::size_t n) {
    std::vector<float> values(n);
    std::iota(values.begin(), values.end(), 1.0F);
    return values;
  }
};

/// out: what the thread's four words of shared memory were in front of the wait, and behind it.
__global__ void before_and_after_wait(const float* in, float* out) {
  alignas(16) __shared__ float tile[64][4];
  const unsigned t = threadIdx.x;
  float* const mine = tile[t];
  for (int i = 0; i < 4; ++i) mine[i] = -1;
  copy_async<4>(mine, in + 4 * t, true);
  commit_copies();
  for (unsigned i = 0; i < 4; ++i) out[8 * t + i] = mine[i];
  wait_for_copies<0>();
  for (unsigned i = 0; i < 4; ++i) out[8 * t + 4 + i] = mine[i];
}

TEST_F(AsyncCopies, LandAtTheWait) {
  for (const Settings& settings : all_orders()) {
    set_settings(settings);
    const std::vector<float> in = counting(256);
    float* const out = allocate<float>(512);
    EXPECT_EQ(failure_of(before_and_after_wait, 1, 64, to_device(in), out), "");
    const std::vector<float> is = to_host(out, 512);
    for (std::size_t i = 0; i < 512; ++i)
      EXPECT_EQ(is[i], i % 8 < 4 ? -1 : in[i / 8 * 4 + i % 4]) << i;
  }
}

/// Three groups, the second empty; `pending` decides which have landed.
template <int pending>
__global__ void three_groups(const float* in, float* out) {
  __shared__ float tile[3];
  for (float& x : tile) x = 0;
  copy_async<1>(&tile[0], in, true);
  commit_copies();
  commit_copies();
  copy_async<1>(&tile[1], in + 1, true);
  copy_async<1>(&tile[2], in + 2, true);
  commit_copies();
  wait_for_copies<pending>();
  for (int i = 0; i < 3; ++i) out[i] = tile[i];
  wait_for_copies<0>();
}

TEST_F(AsyncCopies, LandByGroups) {
  const float* const in = to_device(counting(3));
  float* const out = allocate<float>(3);
  const auto after = [&](void (*kernel)(const float*, float*)) {
    EXPECT_EQ(failure_of(kernel, 1, 1, in, out), "");
    return to_host(out, 3);
  };
  EXPECT_EQ(after(three_groups<0>), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(after(three_groups<1>), (std::vector<float>{1, 0, 0}));
  EXPECT_EQ(after(three_groups<2>), (std::vector<float>{1, 0, 0}));
  EXPECT_EQ(after(three_groups<3>), (std::vector<float>{0, 0, 0}));
}

/// What is outside is not read, wherever that may be.
__global__ void fill_with_zeros(const float* in, float* out) {
  alignas(16) __shared__ float tile[2][4];
  copy_async<4>(tile[0], in, true);
  copy_async<4>(tile[1], nullptr, false);
  commit_copies();
  wait_for_copies<0>();
  for (int i = 0; i < 8; ++i) out[i] = tile[i / 4][i % 4];
}

TEST_F(AsyncCopies, FillWithZerosWhatIsOutside) {
  float* const out = allocate<float>(8);
  EXPECT_EQ(failure_of(fill_with_zeros, 1, 1, to_device(counting(4)), out), "");
  EXPECT_EQ(to_host(out, 8), (std::vector<float>{1, 2, 3, 4, 0, 0, 0, 0}));
}

/// A copy that is in no group, or whose group nobody waits for.
__global__ void leaves_copies(const float* in, bool commits, bool waits) {
  __shared__ float tile[2];
  copy_async<1>(&tile[0], in, true);
  copy_async<1>(&tile[1], in, true);
  if (commits) commit_copies();
  if (waits) wait_for_copies<0>();
}

TEST_F(AsyncCopies, MustHaveBeenWaitedFor) {
  const float* const in = to_device(counting(1));
  EXPECT_EQ(failure_of(leaves_copies, 1, 1, in, true, true), "");
  for (const bool waits : {false, true}) {
    const std::string said = failure_of(leaves_copies, 1, 1, in, !waits, waits);
    EXPECT_NE(said.find("thread (0,0,0) returns without having waited for 2 of its asynchronous"),
              std::string::npos)
        << said;
    forget_failure();
  }
  EXPECT_EQ(failure_of(leaves_copies, 1, 1, in, true, true), "");
}

}  // namespace
}  // namespace simt_test
