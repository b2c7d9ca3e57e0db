// A trained generator: the trainer's pictures, from seeds and from latent vectors.
#include "dcgan/generator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dcgan/trainer.h"
#include "temporary_folder.h"
#include "train/small_presets.h"

namespace dcgan::test {
namespace {

class GeneratorOf : public testing::TestWithParam<const char*> {
 protected:
  GeneratorOf() : config(small_preset(GetParam())), trainer(config, pictures(config, 20)) {
    for (int i = 0; i < 3; ++i) trainer.train_step();
    trainer.save(file);
  }

  const TemporaryFolder folder;
  const std::string file = folder.path("x.safetensors");
  const Config config;
  Trainer trainer;
};

// Two whole chunks of 64 and three more. The trainer's batches are of 8, the generator's of 64.
TEST_P(GeneratorOf, DrawsWhatTheTrainerDraws) {
  Generator generator(file, "cpu", 1);
  const std::vector<float> expected = trainer.sample(131, 9), got = generator.sample(131, 9);
  ASSERT_EQ(got.size(), expected.size());
  ASSERT_EQ(got.size(),
            std::size_t(131) * static_cast<std::size_t>(generator.height() * generator.width() *
                                                        generator.channels()));
  for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], 1e-5) << i;
}

TEST_P(GeneratorOf, LatentVectorsGiveTheBitsOfTheirSeed) {
  Generator generator(file, "cpu", 2);
  const std::vector<float> from_seed = generator.sample(131, 9);
  const std::vector<float> latents = generator.draw_latents(0, 131, 9);
  ASSERT_EQ(latents.size(), std::size_t(131) * static_cast<std::size_t>(config.latent));
  EXPECT_EQ(generator.sample(latents), from_seed);
  // In reverse order they are other pictures: the numbers are used.
  std::vector<float> reversed = latents;
  std::reverse(reversed.begin(), reversed.end());
  EXPECT_NE(generator.sample(reversed), from_seed);
  EXPECT_THROW(generator.sample(std::span(latents).first(latents.size() - 1)), Error);
  if (config.classes == 0) {
    EXPECT_TRUE(generator.labels_in_turn(0, 3).empty());
    EXPECT_THROW(generator.sample(latents, std::vector<std::uint8_t>(131, 0)), Error);
  }
  EXPECT_TRUE(generator.sample(std::span<const float>()).empty());
}

INSTANTIATE_TEST_SUITE_P(Presets, GeneratorOf, testing::ValuesIn(gan_presets), preset_test_name);

TEST(GeneratorOfClasses, DrawsTheClassesThatItIsTold) {
  const TemporaryFolder folder;
  Config config = small_preset("vanilla");
  config.classes = 10;
  Trainer trainer(config, pictures(config, 20));
  for (int i = 0; i < 3; ++i) trainer.train_step();
  trainer.save(folder.path("x.safetensors"));
  Generator generator(folder.path("x.safetensors"), "cpu", 1);
  const std::vector<float> latents = generator.draw_latents(0, 12, 9);
  EXPECT_EQ(std::ssize(latents), 12 * config.latent);
  const std::vector<std::uint8_t> in_turn = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1}, sevens(12, 7),
                                  others = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 3};
  const std::vector<float> drawn = generator.sample(latents),
                           of_sevens = generator.sample(latents, sevens);
  EXPECT_EQ(drawn, generator.sample(12, 9));
  EXPECT_EQ(drawn, generator.sample(latents, in_turn));
  EXPECT_EQ(generator.labels_in_turn(0, 12), in_turn);
  EXPECT_EQ(generator.labels_in_turn(9, 3), (std::vector<std::uint8_t>{9, 0, 1}));
  // Each picture is of its own label alone: that at 7 is the same, the other eleven are not.
  const auto picture = [](const std::vector<float>& all, std::size_t i) {
    return std::span(all).subspan(i * 28 * 28, 28 * 28);
  };
  const std::vector<float> with_a_three = generator.sample(latents, others);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(std::ranges::equal(picture(drawn, i), picture(of_sevens, i)), i == 7) << i;
    EXPECT_EQ(std::ranges::equal(picture(with_a_three, i), picture(of_sevens, i)), i != 11) << i;
  }
  const std::vector<std::uint8_t> ten(12, 10), too_few(11, 0);
  EXPECT_THROW(generator.sample(latents, ten), Error);
  EXPECT_THROW(generator.sample(latents, too_few), Error);
}

using GeneratorTest = GeneratorOf;
TEST_P(GeneratorTest, DrawsLatentVectorsFromAnywhere) {
  Generator generator(file, "cpu", 1);
  const std::vector<float> all = generator.draw_latents(0, 200, 3);
  const auto part = [&](std::int64_t first, std::int64_t count) {
    const auto begin = all.begin() + first * config.latent;
    return std::vector<float>(begin, begin + count * config.latent);
  };
  for (const auto& [first, count] : std::vector<std::pair<int, int>>{
           {0, 64}, {64, 64}, {5, 9}, {60, 10}, {63, 1}, {64, 1}, {50, 150}, {199, 1}, {7, 0}})
    EXPECT_EQ(generator.draw_latents(first, count, 3), part(first, count)) << first;
  // Of N(0, 1), and no two alike.
  double sum = 0, squares = 0;
  for (const float x : all) sum += double{x}, squares += double{x} * double{x};
  const auto n = static_cast<double>(all.size());
  EXPECT_NEAR(sum / n, 0, 0.04);
  EXPECT_NEAR(squares / n, 1, 0.05);
  EXPECT_NE(part(0, 1), part(64, 1));
  EXPECT_NE(generator.draw_latents(0, 1, 4), part(0, 1));
}

TEST_P(GeneratorTest, IsReadFromARunFolderToo) {
  std::filesystem::create_directories(folder.path("run/checkpoints"));
  trainer.save(folder.path("run/checkpoints/new.safetensors"));
  Generator generator(folder.path("run"), "cpu");
  EXPECT_EQ(generator.sample(3, 1), Generator(file, "cpu").sample(3, 1));
  EXPECT_EQ(generator.config().seed, config.seed);
  EXPECT_EQ(generator.config().batch_size, config.batch_size);
  EXPECT_THROW(Generator(folder.path("none")), Error);
}

INSTANTIATE_TEST_SUITE_P(Vanilla, GeneratorTest, testing::Values("vanilla"), preset_test_name);

}  // namespace
}  // namespace dcgan::test
