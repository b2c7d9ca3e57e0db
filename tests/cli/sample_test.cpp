// The pictures, arrays and animations that sample makes of a checkpoint.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cli/small_run.h"
#include "damage.h"
#include "gif_file.h"
#include "image/image.h"
#include "io/atomic_file.h"
#include "io/npy.h"

namespace dcgan::test {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t latent = 100, picture = 28 * 28;

class Sample : public SmallRun {
 protected:
  Outcome sample(const std::string& out, const std::vector<std::string>& more,
                 const std::string& checkpoint) {
    std::vector<std::string> all = {"sample", "--checkpoint", checkpoint, "--out",
                                    folder.path(out)};
    all.insert(all.end(), more.begin(), more.end());
    const Outcome outcome = run_program(all);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome;
  }
  /// What sample writes to an array, [n, 28 * 28].
  std::vector<float> drawn(const std::vector<std::string>& more, const std::string& checkpoint) {
    sample("drawn.npy", more, checkpoint);
    return read("drawn.npy");
  }
  std::vector<float> read(const std::string& name) const {
    const NpyFile file(folder.path(name));
    return file.values(0, file.size());
  }
  /// Latent vectors that a generator knows, [n, latent].
  std::vector<float> write_latents(const std::string& name, std::int64_t n, unsigned seed = 1) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(static_cast<std::size_t>(n * latent));
    for (float& x : values) x = normal(random);
    write_array(name, {n, latent}, values);
    return values;
  }
  void write_array(const std::string& name, const std::vector<std::int64_t>& shape,
                   const std::vector<float>& values) const {
    NpyWriter file(folder.path(name), shape);
    file.write(values);
    file.finish();
  }
  static std::vector<float> part(const std::vector<float>& all, std::int64_t i, std::int64_t size) {
    return {all.begin() + i * size, all.begin() + (i + 1) * size};
  }
  static void expect_near(const std::vector<float>& a, const std::vector<float>& b, float most) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], most) << i;
  }
};

TEST_F(Sample, TakesTheNewestCheckpointOfARunFolder) {
  ASSERT_EQ(run_program(train("run", {"--epochs", "2"})).status, 0);
  const std::vector<float> old = drawn({}, checkpoint("run", "epoch_0001"));
  const std::vector<float> newest = drawn({}, checkpoint("run", "epoch_0002"));
  ASSERT_NE(old, newest);
  EXPECT_EQ(drawn({}, folder.path("run")), newest);
  EXPECT_EQ(drawn({}, folder.path("run/")), newest);
  fs::resize_file(checkpoint("run", "epoch_0002"), 5000);
  const Outcome outcome = sample("x.npy", {}, folder.path("run"));
  EXPECT_EQ(read("x.npy"), old);
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_NE(outcome.err.find("epoch_0002"), std::string::npos) << outcome.err;
  fs::resize_file(checkpoint("run", "epoch_0001"), 5000);
  const Outcome none =
      run_program({"sample", "--checkpoint", folder.path("run"), "--out", folder.path("none.png")});
  EXPECT_EQ(none.status, 1);
  EXPECT_NE(none.err.find("no checkpoint that can be read"), std::string::npos) << none.err;
}

TEST_F(Sample, OfAMainJobNeedsOneOfItsRuns) {
  finished_run("job/vanilla");
  finished_run("job/dcgan", "dcgan");
  expect_refused({"sample", "--checkpoint", folder.path("job"), "--out", folder.path("x.png")}, 2,
                 {folder.path("job/vanilla"), folder.path("job/dcgan")});
  sample("x.png", {}, folder.path("job/dcgan"));
}

TEST_F(Sample, WritesEveryPictureToItsFileInAFolder) {
  const std::string file = finished_run();
  fs::create_directory(folder.path("there"));
  folder.write("there/0002.png", "of a former sample");
  folder.write("there/0099.png", "of a former sample");
  folder.write("there/notes.txt", "notes");
  const std::vector<float> pictures = drawn({"--count", "70", "--seed", "5"}, file);
  for (const std::string out : {"there", "new/below/"}) {
    sample(out, {"--count", "70", "--seed", "5"}, file);
    for (int i = 0; i < 70; ++i) {
      const std::string name = "/00" + std::string(i < 9 ? "0" : "") + std::to_string(i + 1);
      const Image image = read_image(folder.path(out + name + ".png"));
      ASSERT_EQ(image.width, 28);
      ASSERT_EQ(image.height, 28);
      ASSERT_EQ(image.channels, 1);
      for (std::size_t k = 0; k < image.pixels.size(); ++k)
        ASSERT_NEAR(image.pixels[k], pictures[std::size_t(i) * picture + k] * 127.5F + 127.5F,
                    0.51F)
            << name;
    }
  }
  EXPECT_EQ(list_files(folder.path("new")).size(), 70U);
  EXPECT_EQ(list_files(folder.path("there")).size(), 72U);
  EXPECT_EQ(read_file(folder.path("there/notes.txt")), "notes");
  EXPECT_EQ(read_file(folder.path("there/0099.png")), "of a former sample");
}

TEST_F(Sample, TakesLatentVectorsOfOnesOwn) {
  const std::string file = finished_run("run", "dcgan");
  const std::vector<float> vectors = write_latents("z.npy", 70);
  const std::vector<float> all = drawn({"--latents", folder.path("z.npy")}, file);
  ASSERT_EQ(all.size(), std::size_t(70 * picture));
  // In another order and number the same pictures; of one vector alone, too.
  std::vector<float> some = part(vectors, 69, latent);
  for (const float x : part(vectors, 3, latent)) some.push_back(x);
  write_array("some.npy", {2, latent}, some);
  const std::vector<float> two = drawn({"--latents", folder.path("some.npy")}, file);
  expect_near(part(two, 0, picture), part(all, 69, picture), 1e-5F);
  expect_near(part(two, 1, picture), part(all, 3, picture), 1e-5F);
  write_array("one.npy", {latent}, part(vectors, 3, latent));
  const std::vector<float> one = drawn({"--latents", folder.path("one.npy")}, file);
  expect_near(one, part(all, 3, picture), 1e-5F);
  sample("one.png", {"--latents", folder.path("one.npy")}, file);
  EXPECT_EQ(read_image(folder.path("one.png")).width, 28);
  EXPECT_NE(part(all, 3, picture), part(all, 69, picture));
}

TEST_F(Sample, RefusesOtherArraysByName) {
  const std::string file = finished_run();
  const auto refused = [&](const std::string& name, const std::string& why) {
    expect_refused({"sample", "--checkpoint", file, "--out", folder.path("x.png"), "--latents",
                    folder.path(name)},
                   1, {folder.path(name), why});
  };
  std::vector<float> vectors = write_latents("z.npy", 3);
  write_array("shape.npy", {2, 150}, vectors);
  refused("shape.npy", "shape [2, 150]; expected latent vectors, [N, 100] or [100]");
  write_array("shape.npy", {1, 3, 100}, vectors);
  refused("shape.npy", "shape [1, 3, 100]");
  write_array("shape.npy", {0, 100}, {});
  refused("shape.npy", "shape [0, 100]");
  for (const float wrong :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    vectors[250] = wrong;
    write_array("z.npy", {3, latent}, vectors);
    refused("z.npy", "latent vector 2 ");
  }
  refused("none.npy", "No such file");
  folder.write("text.npy", "0.5 0.25");
  refused("text.npy", "no .npy file");
  EXPECT_FALSE(fs::exists(folder.path("x.png")));
}

TEST_F(Sample, DamagedLatentVectorsEndInOneLineOrWork) {
  const std::string file = finished_run();
  write_latents("z.npy", 2);
  const std::string whole = read_file(folder.path("z.npy"));
  Damage damage(3);
  int refused = 0;
  for (int trial = 0; trial < 40; ++trial) {
    folder.write("broken.npy", damage(whole.substr(0, 140)) + whole.substr(140));
    const Outcome outcome =
        run_program({"sample", "--checkpoint", file, "--out", folder.path("x.png"), "--latents",
                     folder.path("broken.npy")});
    EXPECT_LE(outcome.status, 1) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), outcome.status)
        << outcome.err;
    refused += outcome.status;
  }
  EXPECT_GT(refused, 20);
}

// The vectors between are computed here by the formula, and drawn as one's own.
TEST_F(Sample, InterpolatesAlongTheArc) {
  const std::string file = finished_run("run", "dcgan");
  const std::vector<float> keys = write_latents("z.npy", 3);
  const auto norm = [](const std::vector<float>& v) {
    double sum = 0;
    for (const float x : v) sum += double{x} * double{x};
    return std::sqrt(sum);
  };
  std::vector<float> expected;
  for (std::int64_t pair = 0; pair < 2; ++pair) {
    const std::vector<float> a = part(keys, pair, latent), b = part(keys, pair + 1, latent);
    double cosine = 0;
    for (std::size_t i = 0; i < a.size(); ++i) cosine += double{a[i]} * double{b[i]};
    const double angle = std::acos(cosine / norm(a) / norm(b));
    for (int k = pair == 0 ? 0 : 1; k <= 4; ++k) {
      const double t = k / 4.0, length = norm(a) * (1 - t) + norm(b) * t;
      for (std::size_t i = 0; i < a.size(); ++i)
        expected.push_back(static_cast<float>(length *
                                              (std::sin((1 - t) * angle) * double{a[i]} / norm(a) +
                                               std::sin(t * angle) * double{b[i]} / norm(b)) /
                                              std::sin(angle)));
    }
  }
  write_array("path.npy", {9, latent}, expected);
  const std::vector<float> path =
      drawn({"--latents", folder.path("z.npy"), "--interpolate", "3"}, file);
  expect_near(path, drawn({"--latents", folder.path("path.npy")}, file), 1e-4F);
  // A folder has the same pictures in the same order.
  sample("path/", {"--latents", folder.path("z.npy"), "--interpolate", "3"}, file);
  EXPECT_EQ(list_files(folder.path("path")).size(), 9U);
  const Image last = read_image(folder.path("path/0009.png"));
  for (std::size_t k = 0; k < last.pixels.size(); ++k)
    ASSERT_NEAR(last.pixels[k], path[8 * picture + k] * 127.5F + 127.5F, 0.51F);
}

/// One picture of a grid that is enlarged three times, in frames of 8 pixels and a margin of 16.
std::vector<std::uint8_t> cell(const Image& figure, int row, int column) {
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < 28; ++y)
    for (int x = 0; x < 28; ++x)
      pixels.push_back(figure.pixels[std::size_t(16 + row * 92 + 3 * y) * figure.width + 16 +
                                     column * 92 + 3 * x]);
  return pixels;
}

std::vector<std::uint8_t> pixels_of(const std::vector<float>& pictures, std::int64_t i) {
  return to_bytes({pictures.begin() + i * picture, pictures.begin() + (i + 1) * picture});
}

TEST_F(Sample, AnInterpolationsPictureHasARowForEachPair) {
  const std::string file = finished_run("run", "dcgan");
  const std::vector<float> keys = drawn({"--count", "3", "--seed", "8"}, file);
  sample("rows.png", {"--interpolate", "2", "--count", "3", "--seed", "8"}, file);
  const Image rows = read_image(folder.path("rows.png"));
  ASSERT_EQ(rows.width, 2 * 16 + 4 * 92 - 8);
  ASSERT_EQ(rows.height, 2 * 16 + 2 * 92 - 8);
  EXPECT_EQ(cell(rows, 0, 0), pixels_of(keys, 0));
  EXPECT_EQ(cell(rows, 0, 3), pixels_of(keys, 1));
  EXPECT_EQ(cell(rows, 1, 0), pixels_of(keys, 1));
  EXPECT_EQ(cell(rows, 1, 3), pixels_of(keys, 2));
  EXPECT_NE(cell(rows, 0, 1), cell(rows, 0, 0));
  // Two key vectors where nothing is said; a grid that is given is filled with the path.
  sample("two.png", {"--interpolate", "2"}, file);
  EXPECT_EQ(read_image(folder.path("two.png")).height, 2 * 16 + 84);
  sample("grid.png", {"--interpolate", "2", "--count", "3", "--seed", "8", "--grid", "3x3"}, file);
  const Image grid = read_image(folder.path("grid.png"));
  EXPECT_EQ(cell(grid, 1, 0), pixels_of(keys, 1));
  EXPECT_EQ(cell(grid, 2, 0), pixels_of(keys, 2));
}

int farthest(const Image& a, const Image& b) {
  int most = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i)
    most = std::max(most, std::abs(a.pixels[i] - b.pixels.at(i)));
  return most;
}

TEST_F(Sample, AnAnimationWalksThroughLatentSpace) {
  const std::string file = finished_run("run", "dcgan");
  sample("walk.gif", {"--seed", "4"}, file);
  const Gif walk(folder.path("walk.gif"));
  ASSERT_EQ(walk.frames(), 8 * 17);
  for (const int i : {0, 100, 135}) EXPECT_EQ(walk.delay_ms(i), 50);
  // It begins with the grid of the same seed, and every 17th frame is of key vectors.
  const std::vector<float> keys = drawn({"--count", "128", "--seed", "4"}, file);
  for (const int k : {0, 1, 7})
    for (const int i : {0, 5, 15})
      EXPECT_EQ(cell(walk.grey(17 * k), i / 4, i % 4), pixels_of(keys, 16 * k + i)) << k;
  EXPECT_EQ(walk.width(), 2 * 16 + 4 * 92 - 8);
}

// There and back again: the ways are the same, so the loop is closed.
TEST_F(Sample, AnAnimationOfOnesOwnVectorsIsALoop) {
  const std::string file = finished_run("run", "dcgan");
  write_latents("z.npy", 2);
  sample("x.gif", {"--latents", folder.path("z.npy"), "--interpolate", "2"}, file);
  const Gif loop(folder.path("x.gif"));
  ASSERT_EQ(loop.frames(), 6);
  EXPECT_EQ(loop.width(), 2 * 16 + 84);
  EXPECT_LE(farthest(loop.grey(1), loop.grey(5)), 1);
  EXPECT_LE(farthest(loop.grey(2), loop.grey(4)), 1);
  EXPECT_GT(farthest(loop.grey(0), loop.grey(1)), 1);
  EXPECT_GT(farthest(loop.grey(1), loop.grey(2)), 1);
  // Six vectors for three cells are two for each.
  write_latents("six.npy", 6);
  sample("cells.gif", {"--latents", folder.path("six.npy"), "--grid", "1x3"}, file);
  EXPECT_EQ(Gif(folder.path("cells.gif")).frames(), 2 * 17);
  write_latents("seven.npy", 7);
  for (const auto& [name, grid] :
       {std::pair{"six.npy", "2x3"}, {"six.npy", "1x7"}, {"seven.npy", "1x3"}})
    expect_refused({"sample", "--checkpoint", file, "--out", folder.path("y.gif"), "--latents",
                    folder.path(name), "--grid", grid},
                   1, {name, "a multiple of"});
}

class SampleOfClasses : public Sample {
 protected:
  SampleOfClasses() {
    const Outcome outcome = run_program(train("run", {"--epochs", "1", "--set", "classes=10"}));
    EXPECT_EQ(outcome.status, 0) << outcome.err;
  }
  /// Pictures first, first + 1 ... of one class, from the vectors of seed 1.
  std::vector<float> of_class(const std::string& label, const std::string& count) {
    return drawn({"--count", count, "--class", label}, file);
  }

  const std::string file = checkpoint("run", "epoch_0001");
};

TEST_F(SampleOfClasses, EachClassHasItsTurnOrOneIsDrawnAlone) {
  const std::vector<float> in_turn = drawn({"--count", "75"}, file);
  for (const int label : {0, 3, 9}) {
    const std::vector<float> alone = of_class(std::to_string(label), "75");
    for (int i = 0; i < 75; ++i)
      EXPECT_EQ(part(in_turn, i, picture) == part(alone, i, picture), i % 10 == label) << i;
  }
  for (const std::string wrong : {"10", "-1"})
    expect_refused(
        {"sample", "--checkpoint", file, "--out", folder.path("x.png"), "--class", wrong}, 2,
        {"--class " + wrong, "0 to 9"});
  expect_refused({"sample", "--checkpoint", finished_run("plain"), "--out", folder.path("x.png"),
                  "--class", "3"},
                 2, {"--class 3", "without classes"});
}

// A walk between two classes would lead through pictures of none.
TEST_F(SampleOfClasses, AWalkStaysInItsClass) {
  sample("rows.png", {"--interpolate", "1", "--count", "3"}, file);
  const Image rows = read_image(folder.path("rows.png"));
  const std::vector<float> of_first = of_class("0", "3"), of_second = of_class("1", "3");
  EXPECT_EQ(cell(rows, 0, 0), pixels_of(of_first, 0));
  EXPECT_EQ(cell(rows, 0, 2), pixels_of(of_first, 1));
  EXPECT_EQ(cell(rows, 1, 0), pixels_of(of_second, 1));
  EXPECT_EQ(cell(rows, 1, 2), pixels_of(of_second, 2));

  const std::vector<float> path = drawn({"--interpolate", "1", "--count", "3"}, file);
  EXPECT_EQ(part(path, 2, picture), part(of_first, 1, picture));
  EXPECT_EQ(part(path, 4, picture), part(of_first, 2, picture));

  sample("walk.gif", {"--grid", "1x3", "--count", "2", "--interpolate", "1"}, file);
  const Gif walk(folder.path("walk.gif"));
  const std::vector<float> of_third = of_class("2", "6");
  EXPECT_EQ(cell(walk.grey(0), 0, 2), pixels_of(of_third, 2));
  EXPECT_EQ(cell(walk.grey(2), 0, 2), pixels_of(of_third, 5));
  sample("fives.gif", {"--grid", "1x3", "--count", "2", "--interpolate", "1", "--class", "5"},
         file);
  EXPECT_EQ(cell(Gif(folder.path("fives.gif")).grey(2), 0, 2), pixels_of(of_class("5", "6"), 5));
}

TEST_F(Sample, WhatDoesNotFitTogetherIsWrongUsage) {
  const std::string file = finished_run();
  write_latents("z.npy", 6);
  const std::string latents = folder.path("z.npy");
  const auto refused = [&](const std::string& out, const std::vector<std::string>& more,
                           const std::vector<std::string>& parts) {
    std::vector<std::string> all = {"sample", "--checkpoint", file, "--out", folder.path(out)};
    all.insert(all.end(), more.begin(), more.end());
    expect_refused(all, 2, parts);
  };
  refused("x.png", {"--latents", latents, "--seed", "1"}, {"--latents", "--seed"});
  refused("x.png", {"--latents", latents, "--count", "2"}, {"--latents", "--count"});
  refused("x.png", {"--latents", latents, "--grid", "1x5"}, {"6", "1x5"});
  for (const char* between : {"0", "-1", "1001", "few"})
    refused("x.npy", {"--interpolate", between}, {"interpolate", between});
  refused("x.png", {"--interpolate", "99"}, {"101 pictures", "1x101"});
  refused("x.png", {"--interpolate", "9", "--count", "1"}, {"--count 1", "2"});
  refused("x.gif", {"--count", "1"}, {"--count 1", "2"});
  refused("x.npy", {"--interpolate", "9", "--grid", "2x2"}, {"--grid 2x2"});
  refused("x/", {"--count", "3", "--grid", "2x2"}, {"--grid 2x2"});
  refused("x/", {"--latents", latents, "--grid", "2x2"}, {"--grid 2x2"});
  refused("x.npy", {"--interpolate", "1000", "--count", "1001"}, {"1001001", "1000000"});
  refused("x.png", {"--count", "10001"}, {"10001", ".npy"});
  refused("x.bmp", {}, {"x.bmp", ".png", ".npy", ".gif"});
  refused("x", {}, {"x", ".png"});
  for (const char* name : {"x.png", "x.npy", "x.gif", "x"})
    EXPECT_FALSE(fs::exists(folder.path(name))) << name;
}

TEST_F(Sample, InterruptedLeavesWholeFiles) {
  const std::string file = finished_run();
  Program program(
      {"sample", "--checkpoint", file, "--out", folder.path("many/"), "--count", "1000000"});
  for (int i = 0; i < 6000 && !fs::exists(folder.path("many/0000070.png")); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  program.signal(SIGINT);
  EXPECT_EQ(program.wait().status, 128 + SIGINT);
  int pictures = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder.path("many"))) {
    if (entry.path().extension() != ".png") continue;
    EXPECT_EQ(read_image(entry.path().string()).width, 28);
    ++pictures;
  }
  EXPECT_GE(pictures, 70);
}

}  // namespace
}  // namespace dcgan::test
