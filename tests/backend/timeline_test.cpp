// Ops are timed where they run. The SIMT machine's events read a clock here that counts kernels, so
// that the time between two marks is the number of those that ran between them.
#include <gtest/gtest.h>

#include "backend/backend.h"
#include "bench/ledger.h"
#include "bench/step_timing.h"
#include "models/models.h"
#include "simt/machine.h"

namespace dcgan::test {
namespace {

class KernelClock : public testing::Test {
 protected:
  KernelClock() {
    ::simt::on_launch([this](const ::simt::LaunchRecord&) { ++kernels_; });
    ::simt::set_event_clock([this] { return 1e3 * kernels_; });
  }
  ~KernelClock() override {
    ::simt::on_launch({});
    ::simt::set_event_clock({});
    ::simt::set_settings(before_);
  }
  int kernels_ = 0;

 private:
  ::simt::Settings before_ = ::simt::settings();
};

// Noise and masks are one kernel each (random.cu), and so is Adam over whole packs (adam.cu).
TEST_F(KernelClock, CountsAnOpsKernelsUnderItsName) {
  for (const auto order : {::simt::Order::forward, ::simt::Order::reverse, ::simt::Order::random}) {
    ::simt::set_settings({order, 3, 1, 80});
    const auto simt = make_backend("simt");
    bench::Ledger ledger(*simt);
    const auto backend = make_recording_backend(*simt, ledger.observer());
    const Buffer values = backend->allocate(4 * 1024), mask = backend->allocate(1024),
                 factors = backend->allocate(sizeof(AdamFactors));
    const auto queue_ops = [&] {
      float* v = values.f32();
      backend->draw_normal({{1, 2, 3}, 256, v});
      backend->draw_keep_masks({{{1, 2, 3}, 0.5F, 1024, mask.u8()}});
      backend->draw_normal({{1, 2, 4}, 256, v + 256});
      const auto* all = reinterpret_cast<const AdamFactors*>(factors.u8());
      backend->adam({{all, 256, v, v + 256, v + 512, v + 768}});
    };
    backend->synchronise();
    kernels_ = 0;
    queue_ops();
    ledger.time_ops(true);
    queue_ops();
    if (order == ::simt::Order::forward) {
      EXPECT_EQ(kernels_, 0) << "a mark must not wait for the device";
    }
    const bench::Account account = ledger.settle();
    ASSERT_EQ(account.size(), 3U);
    EXPECT_EQ(account.at("noise 256").seconds, 2);
    EXPECT_EQ(account.at("mask 1024").seconds, 1);
    EXPECT_EQ(account.at("adam 256").seconds, 1);
    EXPECT_EQ(account.at("noise 256").calls, 4) << "those that were not timed, too";
    queue_ops();
    EXPECT_EQ(ledger.settle().at("noise 256").seconds, 4);
    ledger.clear();
    queue_ops();
    EXPECT_EQ(ledger.settle().at("noise 256").seconds, 2);
  }
}

TEST_F(KernelClock, FindsEveryKernelOfAStepInOneOp) {
  Config config = preset_config("dcgan");
  config.backend = "simt";
  config.batch_size = 2;
  config.width = 0.0625;
  constexpr int warm_up = 1, steps = 2;
  const bench::StepTimes plain = bench::time_steps(config, warm_up, steps);
  const int counted = warm_up + steps + 1;  // of the last one the arithmetic
  const int per_step = kernels_ / counted;
  EXPECT_EQ(per_step * counted, kernels_);
  EXPECT_TRUE(plain.account.empty());
  kernels_ = 0;
  const bench::StepTimes with_ops = bench::time_steps(config, warm_up, steps, true);
  EXPECT_EQ(kernels_, per_step * (2 * warm_up + 2 * steps));
  double seconds = 0;
  for (const auto& [name, cost] : with_ops.account) {
    EXPECT_GE(cost.seconds, name.starts_with("copy") ? 0 : cost.calls) << name;
    seconds += cost.seconds;
  }
  EXPECT_EQ(seconds, per_step * steps);
  EXPECT_EQ(with_ops.gflop, plain.gflop);
  EXPECT_GT(plain.gflop, 0);
}

TEST(HostTimeline, IsInOrder) {
  const auto cpu = make_backend("cpu", 1);
  const auto timeline = cpu->timeline();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(timeline->mark(), i);
  EXPECT_GE(timeline->seconds(0, 1), 0);
  EXPECT_NEAR(timeline->seconds(0, 1) + timeline->seconds(1, 2), timeline->seconds(0, 2), 1e-12);
  timeline->clear();
  EXPECT_EQ(timeline->mark(), 0U);
}

}  // namespace
}  // namespace dcgan::test
