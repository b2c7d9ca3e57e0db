// What the judge sees, beside its network in double; and weights that are none of a judge's.
#include "evaluate/judge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "dcgan/config.h"
#include "dcgan/error.h"
#include "io/atomic_file.h"
#include "models/models.h"
#include "ref/network.h"
#include "temporary_folder.h"

namespace dcgan::test {
namespace {

Config small_judge(const std::string& preset) {
  Config config = preset_config(preset);
  set(config, "width", "0.125");
  return config;
}

/// The reference's network of the first `layers` layers, its values drawn: kernels from their
/// usual distribution, all else around 1, so that nothing can be forgotten or mistaken.
ref::Network drawn_network(const ClassifierSpec& spec, std::size_t layers) {
  const auto end = spec.layers.begin() + static_cast<std::ptrdiff_t>(layers);
  ref::Network network(spec.name, {spec.layers.begin(), end}, spec.image);
  network.initialise(5);
  std::mt19937 random(7);
  std::uniform_real_distribution<float> around(.5F, 1.5F);
  for (auto& [name, values] : network.values)
    if (!name.ends_with("kernel"))
      for (double& x : values) x = around(random);
  return network;
}

void write_weights(const std::string& path, const ref::Network& network, const Config& config) {
  std::vector<std::vector<float>> data;
  std::vector<TensorToWrite> tensors;
  for (const auto* list : {&network.parameters(), &network.moving_statistics()})
    for (const ref::Parameter& p : *list) {
      const ref::Vector& values = network.values.at(p.name);
      data.emplace_back(values.begin(), values.end());
      tensors.push_back({p.name, DType::f32, p.shape, data.back().data()});
    }
  write_safetensors(path, tensors, {{"config", to_json(config)}});
}

std::vector<std::uint8_t> pictures(std::size_t count, std::size_t size) {
  std::mt19937 random(3);
  std::vector<std::uint8_t> pixels(count * size);
  for (std::uint8_t& p : pixels) p = static_cast<std::uint8_t>(random());
  return pixels;
}

void expect_near(const std::vector<float>& a, const ref::Vector& b) {
  ASSERT_EQ(a.size(), b.size());
  double largest = 0;
  for (const double x : b) largest = std::max(largest, std::abs(x));
  for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-5 * largest) << i;
}

class JudgeTest : public testing::Test {
 protected:
  /// What is said of these weights.
  std::string refusal(const std::map<std::string, std::string>& metadata) {
    write_safetensors(folder.path("weights"), {}, metadata);
    return refusal();
  }
  std::string refusal() {
    try {
      Judge(*backend, SafetensorsFile(folder.path("weights")));
    } catch (const Error& e) {
      EXPECT_EQ(std::string(e.what()).find(folder.path("weights")), 0U) << e.what();
      return e.what();
    }
    return "was taken";
  }
  TemporaryFolder folder;
  std::unique_ptr<Backend> backend = make_backend("cpu", 2);
};

// One batch and the begin of another: the last is smaller.
TEST_F(JudgeTest, SeesWhatItsNetworkSees) {
  for (const char* preset : {"judge", "classifier"}) {
    SCOPED_TRACE(preset);
    const Config config = small_judge(preset);
    const ClassifierSpec spec = classifier_spec(config);
    const std::size_t layers = spec.layers.size();
    const ref::Network whole = drawn_network(spec, layers);
    ref::Network front = drawn_network(spec, layers - 1);
    write_weights(folder.path("weights"), whole, config);
    Judge judge(*backend, SafetensorsFile(folder.path("weights")));
    EXPECT_EQ(judge.image(), (SampleShape{28, 28, 1}));
    constexpr std::int64_t count = 257;
    const std::vector<std::uint8_t> pixels = pictures(count, 28 * 28);
    ref::Vector images;
    for (const std::uint8_t p : pixels)
      images.push_back((p - double(spec.pixels.offset)) / spec.pixels.scale);
    for (auto& [name, values] : front.values) values = whole.values.at(name);

    std::vector<std::int64_t> progress;
    const Judged judged = judge.look_at(pixels, [&](std::int64_t n) { progress.push_back(n); });
    EXPECT_EQ(progress, (std::vector<std::int64_t>{250, count}));
    EXPECT_EQ(std::ssize(judged.features), count * judge.feature_size());
    expect_near(judged.features, front.infer(count, images));
    expect_near(judged.logits, whole.infer(count, images));
  }
}

TEST_F(JudgeTest, TakesNoOtherWeights) {
  EXPECT_NE(refusal({}).find("no 'config'"), std::string::npos);
  EXPECT_NE(refusal({{"config", "{"}}).find("JSON"), std::string::npos);
  const std::string gan = refusal({{"config", to_json(preset_config("dcgan"))}});
  EXPECT_NE(gan.find("'dcgan' is no classifier"), std::string::npos) << gan;
  Config large = preset_config("judge");
  set(large, "width", "16");
  const std::string empty = refusal({{"config", to_json(large)}});
  EXPECT_NE(empty.find("which it does not hold"), std::string::npos) << empty;

  const Config config = small_judge("judge");
  const ClassifierSpec spec = classifier_spec(config);
  write_weights(folder.path("weights"), drawn_network(spec, spec.layers.size()), config);
  EXPECT_EQ(refusal(), "was taken");
  std::string bytes = read_file(folder.path("weights"));
  bytes.back() ^= 1;
  folder.write("weights", bytes);
  EXPECT_NE(refusal().find("damaged"), std::string::npos) << refusal();
}

TEST_F(JudgeTest, ComesWithTheProgram) {
  if (!std::filesystem::exists(DCGAN_JUDGE_FILE)) {
    EXPECT_THROW(shipped_judge(), Error);
    GTEST_SKIP() << "this build has none";
  }
  const SafetensorsFile shipped = shipped_judge(), file(DCGAN_JUDGE_FILE);
  EXPECT_EQ(shipped.metadata(), file.metadata());
  for (const auto& [name, entry] : file.entries()) EXPECT_EQ(shipped.f32(name), file.f32(name));
  Judge judge(*backend, shipped);
  EXPECT_EQ(judge.image(), (SampleShape{28, 28, 1}));
}

}  // namespace
}  // namespace dcgan::test
