// What networks take, by hand, and the refusal of what the machine cannot hold.
#include "train/memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <string>

#include "dcgan/error.h"
#include "train/gan.h"

namespace dcgan::test {
namespace {

/// vanilla with hidden layers of 2, 4 and 8 units, and of 8, 4 and 2.
Config narrow(std::int64_t batch_size) {
  Config config = preset_config("vanilla");
  config.width = 1.0 / 64;
  config.latent = 3;
  config.batch_size = batch_size;
  return config;
}

TEST(Memory, OfTheNetworksOnPaper) {
  // Kernels and biases on cache lines of 16 floats.
  constexpr std::int64_t generator = (16 + 16) + (16 + 16) + (32 + 16) + (8 * 784 + 784);
  constexpr std::int64_t discriminator = (784 * 8 + 16) + (32 + 16) + (16 + 16) + (16 + 16);
  constexpr std::int64_t generator_row = (2 + 4 + 8 + 784) + 2 * 8;  // outputs, two gradients
  constexpr std::int64_t discriminator_row = (8 + 4 + 2 + 1) + 2 * 8, masks = 8 + 4 + 2;
  constexpr std::int64_t batch = 3 * 784 + 3;   // real, generated, gradient; noise
  constexpr std::int64_t loss = 2 + 2 + 1 + 1;  // logits, adjoints, ratio; and the two losses
  for (const std::int64_t rows : {1, 5})
    EXPECT_EQ(Gan::bytes(narrow(rows)), 4 * (4 * generator + rows * generator_row) +
                                            4 * (4 * discriminator + 2 * rows * discriminator_row) +
                                            2 * rows * masks + 4 * rows * (batch + loss) + 4 * 2);
}

/// The number behind `before` in a message.
double number_behind(const std::string& message, const std::string& before) {
  const std::size_t at = message.find(before);
  EXPECT_NE(at, std::string::npos) << message;
  return at == std::string::npos ? 0 : std::stod(message.substr(at + before.size()));
}

/// What /proc/meminfo and the container's limit leave free, in GiB.
double free_gib() {
  std::ifstream system("/proc/meminfo");
  double free = 0;
  for (std::string line; std::getline(system, line);)
    if (line.starts_with("MemAvailable:")) free = std::stod(line.substr(13)) / (1 << 20);
  double limit = 0, used = 0;
  if (std::ifstream("/sys/fs/cgroup/memory.max") >> limit &&
      std::ifstream("/sys/fs/cgroup/memory.current") >> used)
    free = std::min(free, (limit - used) / (1 << 30));
  return free;
}

// Before anything is allocated: the backend's own refusal would not name the batch size.
TEST(Memory, IsLookedAtBeforeAGanIsMade) {
  Config config = preset_config("vanilla-64");
  config.width = 16;
  config.batch_size = 65536;
  try {
    check_host_memory(config);
    GTEST_SKIP() << "this machine has memory for it";
  } catch (const Error&) {
  }
  const auto backend = make_backend("cpu", 1);
  try {
    Gan gan(*backend, config);
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("batch_size=65536 ")) << error.what();
  }
}

TEST(Memory, TooLittleIsRefusedWithBothNumbers) {
  EXPECT_NO_THROW(check_host_memory(narrow(8)));
  Config config = preset_config("vanilla-64");
  config.width = 16;
  for (const std::int64_t batch : {65536, 54321}) {
    config.batch_size = batch;
    try {
      check_host_memory(config);
      GTEST_SKIP() << "this machine has memory for it";
    } catch (const Error& error) {
      const std::string message = error.what();
      const double need = number_behind(message, "with these networks takes ");
      const double have = number_behind(message, "but this machine has ");
      EXPECT_EQ(number_behind(message, "batch_size="), static_cast<double>(batch));
      const double bytes = static_cast<double>(Gan::bytes(config));
      EXPECT_NEAR(need, bytes / (1 << 30) - 0.05, 0.0501);  // tenths, rounded down
      // Other programs take and give back between the two looks.
      EXPECT_NEAR(have, free_gib(), 1 + 0.3 * free_gib()) << message;
    }
  }
}

}  // namespace
}  // namespace dcgan::test
