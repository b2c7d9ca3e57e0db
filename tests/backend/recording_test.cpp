// The recorder changes nothing of what the backend computes, and names every op of a step.
#include "backend/recording.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "train/checkpoint.h"
#include "train/gan.h"

namespace dcgan::test {
namespace {

constexpr std::int64_t rows = 5;

Config narrow(const std::string& preset) {
  Config config = preset_config(preset);
  config.width = 1.0 / 64;
  config.latent = 6;
  config.batch_size = rows;
  return config;
}

/// Two steps on made-up pictures and a sample, all computed on `backend`.
std::vector<std::vector<float>> trained(Backend& backend, const Config& config) {
  Gan gan(backend, config);
  const std::int64_t image = gan.spec().image.size();
  std::vector<std::uint8_t> pictures(static_cast<std::size_t>(7 * image));
  for (std::size_t i = 0; i < pictures.size(); ++i)
    pictures[i] = static_cast<std::uint8_t>(i * 2654435761U >> 13);
  const Buffer pixels = backend.allocate(pictures.size());
  backend.upload(pixels.u8(), pictures.data(), pictures.size());
  for (std::int64_t step = 0; step < 2; ++step) {
    gan.train_step({pixels.u8(), 7, 0, step, rows}, step);
  }
  backend.synchronise();
  std::vector<std::vector<float>> results;
  for (HostTensor& tensor : download_state(gan)) results.push_back(std::move(tensor.data));
  const Measures measures = gan.measures();
  results.emplace_back(measures.begin(), measures.end());
  results.push_back(gan.sample(3, 1));
  return results;
}

TEST(Recording, LeavesEveryBitAlone) {
  const auto cpu = make_backend("cpu", 1);
  for (const char* preset : {"vanilla", "dcgan"}) {
    const Config config = narrow(preset);
    const auto recorder = make_recording_backend(*cpu, [](const Op&, const auto& run) { run(); });
    EXPECT_EQ(recorder->name(), "cpu");
    EXPECT_EQ(recorder->description(), cpu->description());
    EXPECT_NE(recorder->timeline(), nullptr);
    EXPECT_EQ(trained(*recorder, config), trained(*cpu, config)) << preset;
  }
}

TEST(Recording, NamesEveryOpWithItsSizes) {
  const auto cpu = make_backend("cpu", 1);
  std::set<std::string> labels;
  const auto recorder = make_recording_backend(*cpu, [&](const Op& op, const auto& run) {
    labels.insert(op.label());
    run();
  });
  const auto expect = [&](const std::string& label) {
    EXPECT_EQ(labels.count(label), 1U) << label;
  };
  trained(*recorder, narrow("vanilla"));
  expect("gather 5x784");
  expect("draw 30x" + std::to_string(10 * (8 + 4 + 2)));
  expect("loss 5");
  // The discriminator's layers of 8, 4 and 2 units, for real and generated rows.
  for (const int units : {8, 4, 2}) {
    expect("epilogue 10x" + std::to_string(units) + " backward");
  }
  const int generator = 16 + 16 + 16 + 16 + 32 + 16 + 8 * 784 + 784,
            discriminator = 784 * 8 + 16 + 32 + 16 + 16 + 16 + 16 + 16;
  expect("adam " + std::to_string(generator + discriminator));
  expect("end_step 3x8");
  for (const char* direction : {"forward", "backward"})
    expect(std::string("dense 10x8->4 ") + direction);
  expect("dense 10x784->8 backward-weights");
  expect("dense 5x784->8 backward-data");

  labels.clear();
  trained(*recorder, narrow("dcgan"));
  for (const char* direction : {"forward", "backward"}) {
    expect(std::string("conv_transpose2d 5x7x7x1->1 k5 /2 ") + direction);
    expect(std::string("batch_norm 5x98 ") + direction);
  }
  expect("batch_norm 147x1 inference");
}

TEST(Recording, TellsWhetherALayerReadsAMask) {
  const auto cpu = make_backend("cpu", 1);
  std::map<std::string, double> bytes;
  const auto recorder = make_recording_backend(*cpu, [&](const Op& op, const auto& run) {
    bytes[op.label()] = op.bytes;
    run();
  });
  trained(*recorder, narrow("vanilla"));
  const DenseShape masked{2 * rows, 8, 4}, plain{rows, 4, 8};
  EXPECT_EQ(bytes.at("dense 10x8->4 forward"), describe(masked, Direction::forward, true).bytes);
  EXPECT_EQ(bytes.at("dense 10x8->4 backward"), describe(masked, Direction::backward).bytes);
  EXPECT_EQ(bytes.at("dense 10x784->8 backward-weights"),
            describe(DenseShape{2 * rows, 784, 8}, Direction::backward_weights).bytes);
  EXPECT_EQ(bytes.at("dense 5x784->8 backward-data"),
            describe(DenseShape{rows, 784, 8}, Direction::backward_data).bytes);
  EXPECT_EQ(bytes.at("dense 5x4->8 forward"), describe(plain, Direction::forward).bytes);
}

// Of what no step of these presets calls.
TEST(Recording, PassesOnCopiesAndEpilogues) {
  const auto cpu = make_backend("cpu", 1);
  std::vector<std::string> labels;
  const auto recorder = make_recording_backend(*cpu, [&](const Op& op, const auto& run) {
    labels.push_back(op.label());
    run();
  });
  const Buffer from = recorder->allocate(16), to = recorder->allocate(16);
  const std::vector<float> values{1, -2, 3, -4};
  recorder->upload(from.f32(), values.data(), 16);
  recorder->copy(to.f32(), from.f32(), 16);
  const Epilogue leaky{false, Activation::leaky_relu, 0.5F, 0};
  recorder->epilogue_forward({leaky, 2, 2, nullptr, nullptr, to.f32()});
  std::vector<float> result(4);
  recorder->download(result.data(), to.f32(), 16);
  EXPECT_EQ(result, (std::vector<float>{1, -1, 3, -2}));
  EXPECT_EQ(labels, (std::vector<std::string>{"copy 16", "epilogue 2x2 forward"}));
}

// A step overwrites the gradient.
TEST(Recording, LeavesABatchNormsGradientWhereItIs) {
  const auto cpu = make_backend("cpu", 1);
  const auto recorder = make_recording_backend(*cpu, [](const Op&, const auto& run) { run(); });
  const std::vector<float> x{1, 2, 3, 5}, dy{1, -2, 3, -5};
  const auto gradient = [&](Backend& backend) {
    const auto buffer = [&] { return backend.allocate(16); };
    const Buffer in = buffer(), y = buffer(), d = buffer(), dx = buffer(), parameters = buffer(),
                 statistics = buffer(), sums = buffer();
    backend.upload(in.f32(), x.data(), 16);
    backend.upload(d.f32(), dy.data(), 16);
    backend.upload(parameters.f32(), x.data(), 16);
    float *p = parameters.f32(), *s = statistics.f32();
    const auto norm = backend.batch_norm({2, 2, 0.9F, 1e-3F});
    norm->forward_training(in.f32(), {p, p, p + 2, p + 2}, s, s + 2, y.f32());
    norm->backward(in.f32(), y.f32(), d.f32(), {p, p, p, p}, s, s + 2, dx.f32(), sums.f32(),
                   sums.f32() + 2);
    std::vector<float> result(8);
    backend.download(result.data(), dx.f32(), 16);
    backend.download(result.data() + 4, sums.f32(), 16);
    return result;
  };
  EXPECT_EQ(gradient(*recorder), gradient(*cpu));
  EXPECT_NE(gradient(*cpu), std::vector<float>(8));
}

}  // namespace
}  // namespace dcgan::test
