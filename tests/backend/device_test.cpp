// Which device a backend runs on, from any thread, and what it says if it cannot.
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "backend/cuda/backend.h"
#include "backend/cuda/device.h"
#include "dcgan/error.h"
#include "simt/machine.h"

namespace dcgan::test {
namespace {

class Device : public testing::Test {
 protected:
  ~Device() override {
    ::simt::set_settings(before_);
    unsetenv("DCGAN_DEVICE");
    unsetenv("DCGAN_OVERLAP");
  }
  /// `change` is applied to the machine's settings.
  template <class Change>
  static void emulate(const Change& change) {
    ::simt::Settings settings = ::simt::settings();
    change(settings);
    ::simt::set_settings(settings);
  }
  template <class Exception, class Call>
  static std::string thrown(const Call& call) {
    try {
      call();
    } catch (const Exception& e) {
      return e.what();
    }
    return "nothing was thrown";
  }

 private:
  ::simt::Settings before_ = ::simt::settings();
};

void expect_has(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is not in: " << text;
}

/// y = x * kernel and its two gradients, batch norm's statistics, noise: each kind of call.
std::vector<float> use(Backend& backend, LinearOp& dense, BatchNormOp& norm) {
  std::vector<float> x{1, 2, 3, 4}, kernel{5, 6, 7, 8}, result;
  const auto buffer = [&] { return backend.allocate(4 * sizeof(float)); };
  const Buffer dx = buffer(), dw = buffer(), y = buffer(), in = buffer(), w = buffer(),
               statistics = buffer(), z = buffer(), parameters = buffer();
  backend.upload(in.f32(), x.data(), 16);
  backend.upload(w.f32(), kernel.data(), 16);
  dense.forward(in.f32(), w.f32(), nullptr, nullptr, y.f32());
  dense.backward(in.f32(), y.f32(), w.f32(), dx.f32(), dw.f32());
  float* p = parameters.f32();
  norm.forward_training(y.f32(), {p, p, p, p + 2}, statistics.f32(), statistics.f32() + 2, z.f32());
  const std::unique_ptr<Timeline> timeline = backend.timeline();
  const std::size_t begin = timeline->mark();
  backend.draw_normal({{1, 2, 3}, 4, z.f32()});
  timeline->seconds(begin, timeline->mark());
  backend.synchronise();
  for (const Buffer* b : {&y, &dx, &dw, &statistics, &z}) {
    std::vector<float> values(4);
    backend.download(values.data(), b->f32(), 16);
    result.insert(result.end(), values.begin(), values.end());
  }
  return result;
}

TEST_F(Device, IsCurrentOnEveryThreadThatUsesItsBackend) {
  emulate([](auto& s) { s.devices = 2; });
  const std::unique_ptr<Backend> second = simt::make_backend(1);
  std::unique_ptr<LinearOp> dense = second->dense({2, 2, 2}, {});
  std::unique_ptr<BatchNormOp> norm = second->batch_norm({2, 2, 0.9F, 1e-3F});
  // Another backend of the same thread.
  const std::unique_ptr<Backend> first = simt::make_backend(0);
  std::unique_ptr<LinearOp> first_dense = first->dense({2, 2, 2}, {});
  std::unique_ptr<BatchNormOp> first_norm = first->batch_norm({2, 2, 0.9F, 1e-3F});
  const std::vector<float> here = use(*second, *dense, *norm);
  EXPECT_EQ(std::vector<float>(here.begin(), here.begin() + 4),
            (std::vector<float>{19, 22, 43, 50}));
  EXPECT_EQ(use(*first, *first_dense, *first_norm), here);
  std::string error;
  std::vector<float> there;
  std::thread([&] {
    error = thrown<std::exception>([&] { there = use(*second, *dense, *norm); });
  }).join();
  EXPECT_EQ(error, "nothing was thrown");
  EXPECT_EQ(there, here);
}

TEST_F(Device, ThatDoesNotExistIsRefused) {
  emulate([](auto& s) { s.devices = 2; });
  for (const int device : {-1, 2}) {
    const std::string said = thrown<Error>([&] { simt::make_backend(device); });
    expect_has(said, "no device " + std::to_string(device));
    expect_has(said, "2 devices found, numbered from 0");
    expect_has(said, "DCGAN_DEVICE");
  }
}

TEST_F(Device, IsAWholeNumberInTheEnvironment) {
  EXPECT_EQ(device_of_environment(), 0);
  for (const char* number : {"0", "1", "17"}) {
    setenv("DCGAN_DEVICE", number, 1);
    EXPECT_EQ(device_of_environment(), std::atoi(number));
  }
  for (const char* junk :
       {"", " ", "1x", "x", "-1", "+1", " 1", "1 ", "1.5", "0x1", "99999999999"}) {
    setenv("DCGAN_DEVICE", junk, 1);
    expect_has(thrown<UsageError>([] { device_of_environment(); }),
               "DCGAN_DEVICE='" + std::string(junk) + "'");
  }
}

TEST_F(Device, WithoutCodeInTheBuildIsSkippedAndSaysWhatToBuild) {
  EXPECT_EQ(simt::why_unavailable(0), "");
  emulate([](auto& s) { s.capability = 61; });
  const std::string reason =
      "this build has PTX of compute capability 7.5, the device 'SIMT machine' has 6.1; build with "
      "-DDCGAN_CUDA_ARCHITECTURES=61";
  EXPECT_EQ(simt::why_unavailable(0), reason);
  EXPECT_EQ(thrown<Error>([] { simt::make_backend(0); }),
            "backend 'simt' cannot be used: " + reason);
  // Later calls do not fail because of it.
  EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
}

TEST_F(Device, NeedsTensorCoresForTf32) {
  for (const Precision precision : {Precision::tf32x3, Precision::tf32}) {
    for (const int capability : {80, 90, 120}) {
      emulate([&](auto& s) { s.capability = capability; });
      EXPECT_NO_THROW(make_backend("simt", 0, precision));
    }
    emulate([](auto& s) { s.capability = 75; });
    expect_has(thrown<Error>([&] { make_backend("simt", 0, precision); }),
               "the device 'SIMT machine' computes in fp32 alone");
    EXPECT_NO_THROW(make_backend("simt", 0, Precision::fp32));
    expect_has(thrown<UsageError>([&] { make_backend("cpu", 1, precision); }),
               "backend 'cpu' computes in fp32 alone");
  }
}

TEST_F(Device, ThatDoesNotAnswerIsNamed) {
  // make_backend refuses a wrong number.
  EXPECT_EQ(simt::why_unavailable(1), "");
  EXPECT_EQ(simt::why_unavailable(-1), "");
  emulate([](auto& s) { s.devices = 0; });
  EXPECT_EQ(simt::why_unavailable(0), "no CUDA device found");
  EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
  expect_has(thrown<Error>([] { simt::make_backend(0); }), "no CUDA device found");
  emulate([](auto& s) { s.devices = 1; });
  expect_has(thrown<Error>([] { simt::make_backend(1); }), "1 device found,");
}

TEST_F(Device, IsDescribedWithItsMemoryAndTheRuntime) {
  emulate([](auto& s) { s.capability = 90; });
  cudaDeviceProp p{};
  ASSERT_EQ(cudaGetDeviceProperties(&p, 0), cudaSuccess);
  EXPECT_EQ(simt::make_backend(0)->description(),
            "SIMT machine, compute capability 9.0, " +
                std::to_string(p.totalGlobalMem / (1024 * 1024)) + " MiB, CUDA 13.0");
  EXPECT_EQ(simt::version_text(12040), "12.4");
  EXPECT_EQ(simt::version_text(11080), "11.8");
}

TEST_F(Device, LaunchesOverlapUnlessTheEnvironmentForbidsIt) {
  const auto overlap = [] {
    return DCGAN_TARGET::can_overlap_launches(DCGAN_TARGET::use_device(0));
  };
  EXPECT_TRUE(overlap());
  setenv("DCGAN_OVERLAP", "0", 1);
  EXPECT_FALSE(overlap());
  setenv("DCGAN_OVERLAP", "1", 1);
  EXPECT_TRUE(overlap());
}

TEST_F(Device, GetsAllItsMemoryBack) {
  std::size_t before = 0, after = 0, total = 0;
  ASSERT_EQ(cudaMemGetInfo(&before, &total), cudaSuccess);
  {
    const std::unique_ptr<Backend> backend = simt::make_backend(0);
    const Buffer buffer = backend->allocate(1 << 20);
    const std::unique_ptr<LinearOp> dense = backend->dense({64, 512, 64}, {});
    ASSERT_EQ(cudaMemGetInfo(&after, &total), cudaSuccess);
    EXPECT_LE(after + (1 << 20), before);
  }
  ASSERT_EQ(cudaMemGetInfo(&after, &total), cudaSuccess);
  EXPECT_EQ(after, before);
}

TEST_F(Device, OutOfMemoryNamesWhatIsFree) {
  const std::unique_ptr<Backend> backend = simt::make_backend(0);
  const Buffer used = backend->allocate(8 << 20);  // so that less is free than there is
  const std::string said = thrown<Error>([&] { backend->allocate((std::size_t{1} << 50) + 1); });
  // 2^30 MiB and a byte.
  expect_has(said, "out of device memory: 1073741825 MiB needed, ");
  expect_has(said, " free; a smaller --batch-size may fit");
  std::size_t free = 0, total = 0;
  ASSERT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  expect_has(said, " of " + std::to_string((total + (1 << 20) - 1) / (1 << 20)) + " MiB free");
  EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
  EXPECT_NO_THROW(backend->allocate(0));
}

TEST_F(Device, CodeIsDescribedAsCMakeListsIt) {
  EXPECT_EQ(simt::describe_code("75-real+90-real+90-virtual"),
            "code for compute capabilities 7.5, 9.0 and PTX of 9.0");
  EXPECT_EQ(simt::describe_code("120"), "code for compute capability 12.0 and PTX of 12.0");
  EXPECT_EQ(simt::describe_code("90a-real"), "code for compute capability 9.0a");
  EXPECT_EQ(simt::describe_code("80-virtual"), "PTX of compute capability 8.0");
  EXPECT_EQ(simt::describe_code("75-virtual+80-virtual"), "PTX of compute capability 7.5, 8.0");
  EXPECT_EQ(simt::describe_code("100a-real+9-real"), "code for compute capabilities 10.0a, 9");
  EXPECT_EQ(simt::describe_code("all"), "code for compute capability all and PTX of all");
  EXPECT_EQ(simt::describe_code("native"), "code for the GPUs of the machine that it was built on");
}

}  // namespace
}  // namespace dcgan::test
