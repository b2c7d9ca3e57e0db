// For tests of the SIMT machine: a machine without an earlier failure, memory on its device, and
// every order it can run in.
#pragma once
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "simt/machine.h"

namespace simt_test {

class MachineTest : public testing::Test {
 protected:
  MachineTest() : before_(simt::settings()) { simt::forget_failure(); }
  ~MachineTest() override {
    simt::forget_failure();
    simt::cudaSetDevice(0);
    for (void* memory : allocated_) simt::cudaFree(memory);
    simt::set_settings(before_);
  }

  template <class T>
  T* allocate(std::size_t count) {
    T* memory = nullptr;
    EXPECT_EQ(simt::cudaMalloc(&memory, count * sizeof(T)), simt::cudaSuccess);
    allocated_.push_back(memory);
    return memory;
  }
  template <class T>
  T* to_device(const std::vector<T>& values) {
    T* memory = allocate<T>(values.size());
    simt::cudaMemcpy(memory, values.data(), values.size() * sizeof(T),
                     simt::cudaMemcpyHostToDevice);
    return memory;
  }
  template <class T>
  std::vector<T> to_host(const T* memory, std::size_t count) {
    std::vector<T> values(count);
    simt::cudaMemcpy(values.data(), memory, count * sizeof(T), simt::cudaMemcpyDeviceToHost);
    return values;
  }

  static std::vector<simt::Settings> all_orders() {
    std::vector<simt::Settings> all;
    for (const int workers : {1, 3}) {
      all.push_back({simt::Order::forward, 1, workers, 80});
      all.push_back({simt::Order::reverse, 1, workers, 80});
      for (const std::uint64_t seed : {1, 2, 3})
        all.push_back({simt::Order::random, seed, workers, 80});
    }
    return all;
  }

  /// Runs the launch; returns what went wrong.
  template <class... Parameters, class... Arguments>
  std::string failure_of(void (*kernel)(Parameters...), simt::dim3 grid, simt::dim3 block,
                         Arguments... arguments) {
    simt::queue_kernel("kernel", kernel, grid, block, 0, nullptr, arguments...);
    simt::cudaDeviceSynchronize();
    return simt::failure();
  }

 private:
  simt::Settings before_;
  std::vector<void*> allocated_;
};

}  // namespace simt_test
