// Which reader a place is given to, and how what it reads is made to fit a preset.
#include "data/data_source.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "data/fitting.h"
#include "dcgan/error.h"
#include "idx_files.h"
#include "image/image.h"
#include "temporary_folder.h"

namespace dcgan::test {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t much = std::uint64_t{1} << 40;

Dataset dataset(int height, int width, int channels, const std::vector<std::uint8_t>& pixels) {
  Dataset data;
  data.name = "made up";
  data.height = height;
  data.width = width;
  data.channels = channels;
  data.pixels = pixels;
  data.count = static_cast<std::int64_t>(pixels.size() / data.image_bytes());
  return data;
}

std::vector<std::uint8_t> one_pixel_of(const Dataset& data, std::int64_t image, int y, int x) {
  const std::uint8_t* p = data.image(image) + (y * data.width + x) * data.channels;
  return {p, p + data.channels};
}

using Levels = std::vector<std::uint8_t>;

TEST(Fitting, WhatFitsStaysAsItIs) {
  Dataset data = dataset(2, 2, 1, {1, 2, 3, 4});
  fit(data, 2, 1, {}, 0);
  EXPECT_EQ(data.pixels, (Levels{1, 2, 3, 4}));
}

TEST(Fitting, ColourBecomesItsLumaAndGreyAllChannels) {
  Dataset colour = dataset(1, 1, 3, {200, 100, 50, 0, 0, 255});
  fit(colour, 1, 1, {}, much);
  EXPECT_EQ(colour.pixels, (Levels{124, 29}));  // .299 R + .587 G + .114 B
  EXPECT_EQ(colour.channels, 1);
  Dataset grey = dataset(1, 1, 1, {9, 8});
  fit(grey, 1, 3, {}, much);
  EXPECT_EQ(grey.pixels, (Levels{9, 9, 9, 8, 8, 8}));
}

TEST(Fitting, ImagesAreResizedEachByItself) {
  Levels pixels;
  for (int image = 0; image < 3; ++image)
    for (int y = 0; y < 28; ++y)
      for (int x = 0; x < 28; ++x)
        pixels.push_back(static_cast<std::uint8_t>(50 * image + (x < 14 ? 10 : 40)));
  Dataset data = dataset(28, 28, 1, pixels);
  fit(data, 64, 3, {}, much);
  ASSERT_EQ(data.count, 3);
  ASSERT_EQ(data.pixels.size(), 3U * 64 * 64 * 3);
  for (int image = 0; image < 3; ++image) {
    const auto level = static_cast<std::uint8_t>(50 * image);
    EXPECT_EQ(one_pixel_of(data, image, 63, 3), Levels(3, static_cast<std::uint8_t>(level + 10)));
    EXPECT_EQ(one_pixel_of(data, image, 0, 60), Levels(3, static_cast<std::uint8_t>(level + 40)));
  }
}

TEST(Fitting, SmallerImagesArePaddedInTheirSize) {
  Config config;
  config.fit = "pad";
  config.background = "black";
  Dataset data = dataset(2, 1, 1, {5, 6});
  fit(data, 4, 1, config, much);
  EXPECT_EQ(data.pixels, (Levels{0, 0, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0}));
  config.background = "white";
  data = dataset(1, 1, 3, {7, 8, 9});
  fit(data, 2, 3, config, much);
  EXPECT_EQ(data.pixels, (Levels{7, 8, 9, 255, 255, 255, 255, 255, 255, 255, 255, 255}));
  data = dataset(8, 4, 1, Levels(32, 70));  // larger: reduced, then framed
  fit(data, 4, 1, config, much);
  EXPECT_EQ(one_pixel_of(data, 0, 2, 0), Levels{255});
  EXPECT_EQ(one_pixel_of(data, 0, 2, 2), Levels{70});
}

TEST(Fitting, RectanglesAreCutOrSqueezed) {
  Levels stripes;
  for (int y = 0; y < 8; ++y)
    for (const int level : {10, 20, 20, 10})
      for (int i = 0; i < 4; ++i) stripes.push_back(static_cast<std::uint8_t>(level));
  Config config;
  Dataset data = dataset(8, 16, 1, stripes);
  fit(data, 4, 1, config, much);
  EXPECT_EQ(data.pixels, Levels(16, 20));
  config.fit = "squeeze";
  data = dataset(8, 16, 1, stripes);
  fit(data, 4, 1, config, much);
  EXPECT_LT(data.pixels[0], 12);
  EXPECT_GT(data.pixels[1], 17);
}

// A million images of one pixel in a small file would be 49 GB as 128x128x3.
TEST(Fitting, WhatWouldTakeTooMuchMemoryIsRefusedBeforehand) {
  Dataset data = dataset(1, 1, 1, Levels(1'000'000, 1));
  try {
    fit(data, 128, 3, {}, std::uint64_t{3} << 30);
    FAIL();
  } catch (const Error& error) {
    const std::string what = error.what();
    EXPECT_EQ(what.find("1000000 pictures of 128x128x3 take 45.7 GiB, but no more than 3.0 GiB"),
              0u)
        << what;
  }
  EXPECT_NO_THROW(check_fits(4, 2, 3, 48));
  EXPECT_THROW(check_fits(4, 2, 3, 47), Error);
}

TEST(Fitting, GreyMeansAllThreeLevelsAlike) {
  EXPECT_TRUE(is_grey(dataset(1, 2, 1, {1, 2})));
  EXPECT_TRUE(is_grey(dataset(1, 2, 3, {1, 1, 1, 2, 2, 2})));
  EXPECT_FALSE(is_grey(dataset(1, 2, 3, {1, 1, 1, 2, 2, 3})));
  EXPECT_FALSE(is_grey(dataset(1, 2, 3, {1, 1, 1, 2, 3, 2})));
}

class Source : public testing::Test {
 protected:
  void write_picture(const std::string& name, Levels colour) {
    Image image{8, 8, 3, {}};
    for (int i = 0; i < 64; ++i)
      image.pixels.insert(image.pixels.end(), colour.begin(), colour.end());
    write_png(folder.path(name), image);
  }
  Config config() const {
    Config c;
    c.data = folder.path(".");
    return c;
  }
  TemporaryFolder folder;
};

TEST_F(Source, IsWhatLiesThere) {
  const std::string top = folder.path(".");
  EXPECT_EQ(kind_of_data("", 3), DataKind::idx);
  EXPECT_EQ(kind_of_data(folder.path("missing"), 1), DataKind::idx);
  EXPECT_EQ(kind_of_data(folder.path("missing"), 3), DataKind::pictures);
  EXPECT_EQ(kind_of_data(top, 1), DataKind::idx);
  EXPECT_EQ(kind_of_data(top, 3), DataKind::pictures);
  write_picture("x.png", {1, 2, 3});
  EXPECT_EQ(kind_of_data(top, 1), DataKind::pictures);
  EXPECT_EQ(kind_of_data(folder.path("x.png"), 1), DataKind::pictures);
  fs::create_directories(folder.path("a/b"));
  folder.write("a/b/data_batch_1.bin", std::string(3073, 'x'));
  EXPECT_EQ(kind_of_data(top, 1), DataKind::cifar);
  EXPECT_EQ(kind_of_data(top, 3), DataKind::cifar);
  EXPECT_EQ(kind_of_data(folder.path("a/b/data_batch_1.bin"), 1), DataKind::cifar);
  folder.write(std::string("a/") + images_file, idx_images(2, 5, 5));
  EXPECT_EQ(kind_of_data(top, 3), DataKind::idx);
  EXPECT_EQ(kind_of_data(folder.path(std::string("a/") + images_file), 3), DataKind::idx);
}

TEST_F(Source, TheEnvironmentNamesAPlaceWhereTheSettingsDoNot) {
  setenv("DCGAN_DATA", "/some/where", 1);
  EXPECT_EQ(data_place({}), "/some/where");
  EXPECT_EQ(data_place(config()), folder.path("."));
  unsetenv("DCGAN_DATA");
  EXPECT_EQ(data_place({}), "");
}

TEST_F(Source, PicturesAreReadAsWanted) {
  write_picture("x.png", {200, 100, 50});
  const Dataset grey = read_data(config(), {28, 1, false, true, much});
  EXPECT_EQ(grey.channels, 1);
  EXPECT_EQ(grey.pixels, Levels(28 * 28, 124));
  const Dataset colour = read_data(config(), {16, 3, true, true, much});
  EXPECT_EQ(colour.pixels.size(), 16U * 16 * 3);
  EXPECT_EQ(one_pixel_of(colour, 0, 15, 15), (Levels{200, 100, 50}));
  EXPECT_THROW(read_data(config(), {16, 3, true, true, 767}), Error);
}

TEST_F(Source, IdxAndCifarImagesKeepTheirSizeWhereThePresetHasButOne) {
  folder.write(images_file, idx_images(2, 5, 6));
  EXPECT_EQ(read_data(config(), {28, 1, false, true, much}).width, 6);
  const Dataset fitted = read_data(config(), {32, 1, true, true, much});
  EXPECT_EQ(fitted.width, 32);
  EXPECT_EQ(fitted.count, 2);
}

TEST_F(Source, TestImagesAreThoseOfTheKindThatHasThem) {
  const auto read = [&] { return read_data(config(), {28, 1, false, true, much}, Split::test); };
  const auto refusal = [&]() -> std::string {
    try {
      read();
    } catch (const Error& e) {
      return e.what();
    }
    return "was read";
  };
  folder.write(images_file, idx_images(2, 5, 6));
  EXPECT_NE(refusal().find("t10k-images-idx3-ubyte"), std::string::npos) << refusal();
  write_picture("x.png", {200, 100, 50});
  EXPECT_NE(refusal().find("have no test images"), std::string::npos) << refusal();
  folder.write("test_batch.bin", std::string(3073, 'x'));
  EXPECT_EQ(read().channels, 3);
  folder.write("t10k-images-idx3-ubyte", idx_images(3, 5, 6));
  EXPECT_EQ(read().count, 3);
}

TEST_F(Source, GreyPicturesInAColouredPresetAreRemarked) {
  const auto remark = [&](bool may_be_grey, int channels) {
    testing::internal::CaptureStdout();
    read_data(config(), {8, channels, true, may_be_grey, much});
    return testing::internal::GetCapturedStdout();
  };
  write_picture("x.png", {9, 9, 9});
  EXPECT_NE(remark(true, 3).find("channels=1"), std::string::npos);
  EXPECT_EQ(remark(false, 3), "");
  EXPECT_EQ(remark(true, 1), "");
  write_picture("y.png", {9, 9, 10});
  EXPECT_EQ(remark(true, 3), "");
}

}  // namespace
}  // namespace dcgan::test
