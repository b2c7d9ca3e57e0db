// Training on one backend follows training on another: same seed, same batches, noise and masks,
// and sums that differ by rounding alone.
#include <gtest/gtest.h>

#include <algorithm>

#include "backend/backend.h"
#include "dcgan/trainer.h"
#include "sanitized.h"
#include "train/pictures.h"

namespace dcgan::test {
namespace {

struct LossCurves {
  std::vector<double> generator, discriminator;
};

LossCurves train(Config config, const std::string& backend, std::size_t steps) {
  config.backend = backend;
  Trainer trainer(config, pictures(200));
  LossCurves curves;
  for (std::size_t i = 0; i < steps; ++i) {
    const StepResult result = trainer.train_step();
    curves.generator.push_back(result.loss_generator);
    curves.discriminator.push_back(result.loss_discriminator);
  }
  return curves;
}

class Backends : public testing::TestWithParam<const char*> {};

// Measured are differences of one unit in the last place. A batch, a mask or a noise of another
// step is off by more than the tolerance at once.
TEST_P(Backends, FollowEachOther) {
  Config config = preset_config(GetParam());
  config.batch_size = 16;
  config.width = 0.25;
  config.threads = 2;
  const LossCurves cpu = train(config, "cpu", 50);
  for (const BackendStatus& b : backend_statuses()) {
    if (b.name == "cpu" || !b.why_unavailable.empty()) continue;
    const std::size_t steps = sanitized || b.name == "simt-check" ? 5 : 50;  // what they cost
    const LossCurves other = train(config, b.name, steps);
    constexpr double tolerance = 1e-4;
    for (std::size_t i = 0; i < steps; ++i) {
      EXPECT_NEAR(cpu.generator[i], other.generator[i], tolerance) << b.name << " step " << i + 1;
      EXPECT_NEAR(cpu.discriminator[i], other.discriminator[i], tolerance)
          << b.name << " step " << i + 1;
    }
  }
}

std::string name_of(const testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Presets, Backends, testing::Values("vanilla", "dcgan", "tf-tutorial"),
                         name_of);

}  // namespace
}  // namespace dcgan::test
