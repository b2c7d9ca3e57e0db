// What another thread writes.
#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

namespace dcgan::test {

/// Waits for a file to appear, at most a minute.
inline void await(const std::string& path) {
  for (int i = 0; i < 6000 && !std::filesystem::exists(path); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  ASSERT_TRUE(std::filesystem::exists(path)) << path;
}

}  // namespace dcgan::test
