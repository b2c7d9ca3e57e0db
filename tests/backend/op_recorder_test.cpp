// The recorder changes nothing of what the backend computes, and names every op of a step.
#include "backend/op_recorder.h"

#include <gtest/gtest.h>

#include <set>

#include "train/checkpoint.h"
#include "train/gan.h"

namespace dcgan::test {
namespace {

using Json = nlohmann::ordered_json;

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
    backend.gather({pixels.u8(), 7, image, {1, 2, 0}, step, rows}, gan.real_images());
    backend.draw_normal({1, 3, static_cast<std::uint64_t>(step)}, rows * config.latent,
                        gan.noise());
    gan.train_step(rows, step);
  }
  backend.synchronise();
  std::vector<std::vector<float>> results;
  for (HostTensor& tensor : download_state(gan)) results.push_back(std::move(tensor.data));
  const StepLosses losses = gan.losses();
  results.push_back({losses.generator, losses.discriminator});
  results.push_back(gan.sample(3, 1));
  return results;
}

TEST(OpRecorder, LeavesEveryBitAlone) {
  const auto cpu = make_backend("cpu", 1);
  for (const char* preset : {"vanilla", "dcgan"}) {
    const Config config = narrow(preset);
    const auto recorder =
        make_op_recorder(*cpu, [](const Json&, const std::function<void()>& run) { run(); });
    EXPECT_EQ(recorder->name(), "cpu");
    EXPECT_EQ(recorder->description(), cpu->description());
    EXPECT_NE(recorder->timeline(), nullptr);
    EXPECT_EQ(trained(*recorder, config), trained(*cpu, config)) << preset;
  }
}

TEST(OpRecorder, NamesEveryOpWithItsSizes) {
  const auto cpu = make_backend("cpu", 1);
  std::set<Json> ops;
  const auto recorder =
      make_op_recorder(*cpu, [&](const Json& op, const std::function<void()>& run) {
        ops.insert(op);
        run();
      });
  Config config = narrow("vanilla");
  trained(*recorder, config);
  const auto expect = [&](const Json& op) { EXPECT_EQ(ops.count(op), 1U) << op; };
  expect({{"op", "gather"}, {"batch", rows}, {"image_size", 784}});
  expect({{"op", "noise"}, {"n", rows * 6}});
  expect({{"op", "loss"}, {"batch", rows}});
  // The discriminator's layers of 8, 4 and 2 units, for real and generated rows.
  for (const int units : {8, 4, 2}) {
    expect({{"op", "mask"}, {"n", 2 * rows * units}});
    expect({{"op", "epilogue"},
            {"pass", "backward"},
            {"rows", 2 * rows},
            {"channels", units},
            {"activation", true},
            {"dropout", true}});
  }
  // The last layer has a bias alone.
  expect({{"op", "epilogue"},
          {"pass", "backward"},
          {"rows", 2 * rows},
          {"channels", 1},
          {"activation", false},
          {"dropout", false}});
  expect({{"op", "adam"}, {"n", 784 * 8 + 16 + 32 + 16 + 16 + 16 + 16 + 16}});
  for (const char* pass : {"forward", "backward_data", "backward_weights"})
    expect({{"op", "dense"}, {"batch", 2 * rows}, {"in", 8}, {"out", 4}, {"pass", pass}});

  config = narrow("dcgan");
  trained(*recorder, config);
  for (const char* pass : {"forward", "backward_data", "backward_weights"})
    expect({{"op", "conv_transpose2d"},
            {"batch", rows},
            {"height", 7},
            {"width", 7},
            {"in", 1},
            {"out", 1},
            {"kernel", 5},
            {"stride", 2},
            {"pass", pass}});
  for (const char* pass : {"forward", "backward"})
    expect({{"op", "batch_norm"}, {"rows", rows}, {"channels", 98}, {"pass", pass}});
  expect({{"op", "batch_norm"}, {"rows", 3 * 49}, {"channels", 1}, {"pass", "inference"}});
}

}  // namespace
}  // namespace dcgan::test
