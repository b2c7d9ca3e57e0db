// The memory of networks, counted by hand, and the refusal of what the machine cannot hold.
#include "train/memory.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>

#include "dcgan/error.h"
#include "temporary_folder.h"
#include "train/gan.h"
#include "train/model.h"

namespace dcgan::test {
namespace {

/// What a machine says of its memory, as files below a folder.
class Memory : public testing::Test {
 protected:
  /// By the limit of a control group.
  void has_free(std::int64_t bytes) {
    std::filesystem::create_directories(folder_.path("proc/self"));
    std::filesystem::create_directories(folder_.path("sys/fs/cgroup"));
    folder_.write("proc/self/cgroup", "0::/\n");
    folder_.write("sys/fs/cgroup/memory.max", std::to_string(bytes + 7));
    folder_.write("sys/fs/cgroup/memory.current", "7");
  }
  /// The refusal, or nothing.
  std::string refusal(const Config& config) const {
    try {
      check_host_memory(config, folder_.path(""));
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  }
  static std::string too_little(const std::string& need, const std::string& have) {
    return "batch_size=8 with these networks takes " + need + " GiB, but this machine has " + have +
           " GiB free: a smaller --batch-size, width or latent may fit";
  }

  const TemporaryFolder folder_;
};

/// vanilla with hidden layers of 2, 4 and 8 units, and of 8, 4 and 2.
Config narrow(std::int64_t batch_size) {
  Config config = preset_config("vanilla");
  config.width = 1.0 / 64;
  config.latent = 9;
  config.batch_size = batch_size;
  return config;
}

TEST_F(Memory, CountsBothNetworksTheBatchAndTheLoss) {
  // Of 64 steps the states, of 4 words and 2 for each network's update, and three measures; of the
  // running one as well, and where it is.
  constexpr std::int64_t states = 8 * (2 + 65 * (4 + 2 * 2)) + 4 * 3 * 65;
  // Kernels and biases on cache lines of 16 floats.
  constexpr std::int64_t generator = (32 + 16) + (16 + 16) + (32 + 16) + (8 * 784 + 784);
  constexpr std::int64_t discriminator = (784 * 8 + 16) + (32 + 16) + (16 + 16) + (16 + 16);
  constexpr std::int64_t generator_row = (2 + 4 + 8 + 784) + 2 * 8;  // outputs, two gradients
  constexpr std::int64_t discriminator_row = (8 + 4 + 2 + 1) + 2 * 8, masks = 8 + 4 + 2;
  constexpr std::int64_t batch = 3 * 784 + 9;   // real, generated, gradient; noise
  constexpr std::int64_t loss = 2 + 2 + 1 + 1;  // logits, adjoints, ratio
  for (const std::int64_t rows : {1, 5})
    EXPECT_EQ(model_bytes(narrow(rows)),
              4 * (4 * generator + rows * generator_row) +
                  4 * (4 * discriminator + 2 * rows * discriminator_row) + 2 * rows * masks +
                  4 * rows * (batch + loss) + states);
}

// Parameters stay within their cache lines of 16 floats.
TEST_F(Memory, CountsTheCodesOfClasses) {
  constexpr std::int64_t classes = 3, rows = 5;
  Config config = narrow(rows);
  const std::int64_t plain = model_bytes(config);
  config.classes = classes;
  constexpr std::int64_t noise = classes, codes_and_adjoints = 2 * 2 * classes;
  constexpr std::int64_t logits = 2 * (classes - 1), last_results = 2 * (classes - 1);
  EXPECT_EQ(model_bytes(config) - plain,
            4 * rows * (noise + codes_and_adjoints + logits + last_results));
}

TEST_F(Memory, TooLittleIsRefused) {
  const std::int64_t need = model_bytes(narrow(8));
  has_free(need);
  EXPECT_EQ(refusal(narrow(8)), "");
  has_free(need - 1);
  EXPECT_EQ(refusal(narrow(8)), too_little("0.0", "0.0"));
}

TEST_F(Memory, IsNamedInTenthsOfGiB) {
  Config config = preset_config("vanilla-64");
  config.width = 16;
  config.batch_size = 8;
  has_free(std::int64_t{39} * (1 << 30) / 10 + 1);
  char need[32];
  std::snprintf(need, sizeof need, "%.1f",
                std::floor(static_cast<double>(model_bytes(config)) / (1 << 30) * 10) / 10);
  EXPECT_EQ(refusal(config), too_little(need, "3.9"));
}

// Before anything is allocated: the backend's own refusal would not name the batch size.
TEST_F(Memory, IsCheckedBeforeAGanIsMade) {
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

}  // namespace
}  // namespace dcgan::test
