// Folders of pictures: every kind that is read, what is skipped, and what is refused.
#include <gtest/gtest.h>
#include <stb_image_write.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <utility>

#include "dcgan/dataset.h"
#include "dcgan/error.h"
#include "image/image.h"
#include "temporary_folder.h"

namespace dcgan::test {
namespace {

namespace fs = std::filesystem;

void append(void* to, void* data, int size) {
  static_cast<std::string*>(to)->append(static_cast<const char*>(data),
                                        static_cast<std::size_t>(size));
}

/// One colour, width x height, with 1 (grey), 2 (grey and alpha), 3 or 4 channels.
std::string png(int width, int height, const std::vector<std::uint8_t>& colour) {
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < width * height; ++i)
    pixels.insert(pixels.end(), colour.begin(), colour.end());
  std::string file;
  const int channels = static_cast<int>(colour.size());
  stbi_write_png_to_func(append, &file, width, height, channels, pixels.data(), width * channels);
  return file;
}

std::string jpeg(int width, int height, const std::vector<std::uint8_t>& colour) {
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < width * height; ++i)
    pixels.insert(pixels.end(), colour.begin(), colour.end());
  std::string file;
  stbi_write_jpg_to_func(append, &file, width, height, static_cast<int>(colour.size()),
                         pixels.data(), 95);
  return file;
}

// A 2x1 PNG of 16 bits per channel: grey 0x8081 and 0x2000.
constexpr unsigned char deep_png[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48,
    0x44, 0x52, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x01, 0x10, 0x00, 0x00, 0x00,
    0x00, 0x81, 0xd9, 0xfc, 0x15, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x44, 0x41, 0x54, 0x78,
    0x9c, 0x63, 0x68, 0x68, 0x54, 0x60, 0x00, 0x00, 0x03, 0xc8, 0x01, 0x22, 0x3c, 0xc0,
    0x10, 0xe5, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};

class ImageFolder : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& content) { folder.write(name, content); }
  std::vector<int> first_pixel(const Dataset& data, int index) {
    const std::uint8_t* p = data.image(index);
    return {p[0], p[1], p[2]};
  }
  TemporaryFolder folder;
};

TEST_F(ImageFolder, ReadsEveryKindAtOneSizeInTheOrderOfNames) {
  fs::create_directory(folder.path("g"));
  write("a.png", png(1, 1, {10, 20, 30}));
  write("b.PNG", png(200, 90, {40, 50, 60}));
  write("c.png", png(30, 30, {70}));
  write("d.png", png(30, 31, {80, 255}));
  write("e.png", png(64, 64, {90, 91, 92, 0}));
  write("f.png", std::string(reinterpret_cast<const char*>(deep_png), sizeof deep_png));
  write("g/h.jpg", jpeg(50, 40, {200, 100, 50}));
  write("i.JPEG", jpeg(16, 16, {128}));
  write("j.txt", "not a picture, and not meant as one");
  const Dataset data = read_image_folder(folder.path("."), 64);
  ASSERT_EQ(data.count, 8);
  EXPECT_EQ(data.channels, 3);
  EXPECT_EQ(data.pixels.size(), 8U * 64 * 64 * 3);
  EXPECT_EQ(first_pixel(data, 0), (std::vector<int>{10, 20, 30}));
  EXPECT_EQ(first_pixel(data, 1), (std::vector<int>{40, 50, 60}));
  EXPECT_EQ(first_pixel(data, 2), (std::vector<int>{70, 70, 70}));
  EXPECT_EQ(first_pixel(data, 3), (std::vector<int>{80, 80, 80}));
  EXPECT_EQ(first_pixel(data, 4), (std::vector<int>{255, 255, 255}));
  EXPECT_NEAR(first_pixel(data, 5)[0], 128, 8);  // the edge filter overshoots a little
  const std::vector<int> lossy = first_pixel(data, 6);
  EXPECT_NEAR(lossy[0], 200, 3);
  EXPECT_NEAR(lossy[1], 100, 3);
  EXPECT_NEAR(lossy[2], 50, 3);
  EXPECT_NEAR(first_pixel(data, 7)[1], 128, 2);
}

/// Its channel of red along a row and down a column of the picture, at every eighth pixel.
struct Cross {
  std::vector<int> across, down;
};
Cross cross(const Dataset& data, int size = 64) {
  Cross red;
  for (int i = size / 16; i < size; i += size / 8) {
    red.across.push_back(*(data.image(0) + (size * 3 / 8 * size + i) * 3));
    red.down.push_back(*(data.image(0) + (i * size + size * 3 / 8) * 3));
  }
  return red;
}

void expect_near(const std::vector<int>& got, const std::vector<int>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 4) << "at " << i;
}

/// Vertical stripes of these levels of grey, each `stripe` wide, or horizontal ones.
Image stripes(const std::vector<int>& levels, int stripe, int length, bool horizontal = false) {
  const int across = stripe * static_cast<int>(levels.size());
  Image image{horizontal ? length : across, horizontal ? across : length, 3, {}};
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x)
      image.pixels.insert(image.pixels.end(), 3,
                          static_cast<std::uint8_t>(
                              levels[static_cast<std::size_t>((horizontal ? y : x) / stripe)]));
  return image;
}

TEST_F(ImageFolder, PicturesBecomeSquareAsAsked) {
  const std::vector<int> levels = {10, 60, 110, 160};
  Config config;
  for (const bool tall : {false, true}) {
    write_png(folder.path("x.png"), stripes(levels, 32, 64, tall));  // 128x64, 64x128
    const auto read = [&](const std::string& fit, const std::string& background) {
      config.fit = fit;
      config.background = background;
      const Cross red = cross(read_image_folder(folder.path("."), 64, config));
      return tall ? Cross{red.down, red.across} : red;  // along the levels, and along a stripe
    };
    expect_near(read("crop", "white").across, {60, 60, 60, 60, 110, 110, 110, 110});
    expect_near(read("squeeze", "white").across, {10, 10, 60, 60, 110, 110, 160, 160});
    expect_near(read("legacy", "white").across, {10, 10, 60, 60, 110, 110, 160, 160});
    expect_near(read("squeeze", "white").down, std::vector<int>(8, 60));
    expect_near(read("pad", "white").across, {10, 10, 60, 60, 110, 110, 160, 160});
    expect_near(read("pad", "white").down, {255, 255, 60, 60, 60, 60, 255, 255});
    expect_near(read("pad", "black").down, {0, 0, 60, 60, 60, 60, 0, 0});
  }
}

TEST_F(ImageFolder, ExtremeShapesAreFittedToo) {
  for (const auto& [width, height] :
       {std::pair{1, 1}, std::pair{1, 900}, std::pair{900, 1}, std::pair{65, 64}, std::pair{2, 1}})
    for (const char* fit : {"crop", "pad", "squeeze", "legacy"}) {
      write("x.png", png(width, height, {70, 80, 90}));
      Config config;
      config.fit = fit;
      const Dataset data = read_image_folder(folder.path("."), 64, config);
      const std::uint8_t* middle = data.image(0) + (31 * 64 + 31) * 3;
      EXPECT_EQ(std::vector<int>(middle, middle + 3), (std::vector<int>{70, 80, 90}))
          << width << "x" << height << " " << fit;
    }
}

TEST_F(ImageFolder, LegacyTakesHiddenColoursAndDoesNotTurn) {
  write("x.png", png(8, 8, {90, 91, 92, 0}));
  Config config;
  EXPECT_EQ(first_pixel(read_image_folder(folder.path("."), 64), 0)[0], 255);
  config.background = "black";
  EXPECT_EQ(first_pixel(read_image_folder(folder.path("."), 64, config), 0)[0], 0);
  config.fit = "legacy";
  EXPECT_EQ(first_pixel(read_image_folder(folder.path("."), 64, config), 0),
            (std::vector<int>{90, 91, 92}));
}

TEST_F(ImageFolder, ALargeJpegLooksLikeItsReduction) {
  const std::vector<int> levels = {20, 60, 100, 140, 180, 220, 240, 250};
  const Image large = stripes(levels, 128, 1024);
  std::string file;
  stbi_write_jpg_to_func(append, &file, large.width, large.height, 3, large.pixels.data(), 95);
  write("x.jpg", file);
  expect_near(cross(read_image_folder(folder.path("."), 64)).across, levels);
}

TEST_F(ImageFolder, WhatIsIgnoredIsCountedInOneLine) {
  const std::string picture = png(8, 8, {1, 2, 3});
  for (const char* name : {"sub", "sub/deeper", ".hidden", "run", "run/images", "run/checkpoints"})
    fs::create_directories(folder.path(name));
  for (const char* name :
       {"a.png", "b.jfif", "sub/c.png", "sub/deeper/d.png", ".hidden/e.png", "sub/.f.png",
        "run/config.json", "run/log.jsonl", "run/real_samples.png", "run/images/epoch_0001.png",
        "1.webp", "2.WebP", "sub/3.webp", "notes.txt", "README", "4.e\x1B[2Jvil"})
    write(name, picture);
  write("damaged.png", picture.substr(0, 40));
  fs::create_symlink("nowhere", folder.path("gone.png"));
  testing::internal::CaptureStdout();
  EXPECT_EQ(read_image_folder(folder.path("."), 64).count, 4);
  const std::string log = testing::internal::GetCapturedStdout();
  EXPECT_NE(log.find(": pictures read: 4; ignored: 3 .webp, 2 hidden, 1 .e\\x1b[2jvil, 1 .txt, "
                     "1 broken link(s), 1 damaged, 1 run folder(s), 1 without extension\n"),
            std::string::npos)
      << log;
  EXPECT_EQ(log.find('\x1B'), std::string::npos);
}

TEST_F(ImageFolder, AFolderThatARunWasMadeInKeepsItsPicturesOnly) {
  fs::create_directory(folder.path("images"));
  for (const char* name : {"mine.png", "config.json", "log.jsonl", "real_samples.png", "losses.png",
                           "images/epoch_0001.png"})
    write(name, png(8, 8, {1, 2, 3}));
  EXPECT_EQ(read_image_folder(folder.path("."), 64).count, 1);
}

TEST_F(ImageFolder, SubfoldersAreClasses) {
  for (const char* name : {"b", "a/deep", "c"}) fs::create_directories(folder.path(name));
  write("b/1.png", png(8, 8, {1, 1, 1}));
  write("a/deep/2.png", png(8, 8, {2, 2, 2}));
  write("a/cut.png", png(8, 8, {9, 9, 9}).substr(0, 40));
  write("c/3.png", png(8, 8, {3, 3, 3}));
  write("c/4.png", png(8, 8, {4, 4, 4}));
  const Dataset data = read_image_folder(folder.path("."), 8);
  EXPECT_EQ(data.label_names, (std::vector<std::string>{"a", "b", "c"}));
  ASSERT_EQ(data.count, 4);
  for (int i = 0; i < 4; ++i) {  // each has the label of its folder
    const std::vector<int> label_of_level = {-1, 1, 0, 2, 2};
    EXPECT_EQ(data.labels[static_cast<std::size_t>(i)],
              label_of_level[static_cast<std::size_t>(first_pixel(data, i)[0])]);
  }
  EXPECT_EQ(read_image_folder(folder.path("c"), 8).labels.size(), 0u);  // no subfolders
  EXPECT_EQ(read_image_folder(folder.path("a"), 8).labels.size(), 0u);  // one
  write("5.png", png(8, 8, {5, 5, 5}));                                 // of no class
  const Dataset mixed = read_image_folder(folder.path("."), 8);
  EXPECT_EQ(mixed.count, 5);
  EXPECT_TRUE(mixed.labels.empty() && mixed.label_names.empty());
}

TEST_F(ImageFolder, MoreSubfoldersThanLabelsAreNoClasses) {
  for (int i = 0; i < 257; ++i) {
    const std::string name = "f" + std::to_string(1000 + i);
    fs::create_directory(folder.path(name));
    write(name + "/x.png", png(1, 1, {1, 2, 3}));
    if (i == 255) {
      const Dataset data = read_image_folder(folder.path("."), 2);
      EXPECT_EQ(data.label_names.size(), 256u);
      EXPECT_EQ(data.labels.back(), 255);
    }
  }
  EXPECT_TRUE(read_image_folder(folder.path("."), 2).labels.empty());
}

TEST_F(ImageFolder, OneChannelIsGrey) {
  write("x.png", png(8, 8, {200, 100, 50}));
  const Dataset data = read_image_folder(folder.path("."), 4, {}, 1);
  EXPECT_EQ(data.pixels, std::vector<std::uint8_t>(16, 124));
  EXPECT_THROW(read_image_folder(folder.path("."), 4, {}, 1, 15), Error);
}

TEST_F(ImageFolder, LinksAreFollowedAndLoopsAreHarmless) {
  const TemporaryFolder elsewhere;
  fs::create_directory(elsewhere.path("more"));
  for (const char* name : {"x.png", "more/y.png"}) elsewhere.write(name, png(8, 8, {1, 2, 3}));
  fs::create_directory_symlink(elsewhere.path("."), folder.path("linked"));
  fs::create_symlink(elsewhere.path("x.png"), folder.path("z.png"));
  fs::create_directory_symlink("..", elsewhere.path("more/up"));
  fs::create_directory_symlink(folder.path("."), elsewhere.path("more/top"));
  fs::create_directory_symlink(".", folder.path("self"));
  fs::create_directory_symlink("self", folder.path("self2"));
  fs::create_directory_symlink("turning", folder.path("turning"));
  EXPECT_EQ(read_image_folder(folder.path("."), 64).count, 3);
}

TEST_F(ImageFolder, ControlCharactersInNamesStayOffTheTerminal) {
  for (const char* name : {"a\x1B[31m.png", "b\n.png",
                           "c\xC2\x9B"
                           "31m.png",
                           "d\x7F.png"})
    write(name, "hello");
  write("good.png", png(8, 8, {1, 2, 3}));
  testing::internal::CaptureStdout();
  EXPECT_EQ(read_image_folder(folder.path("."), 64).count, 1);
  const std::string log = testing::internal::GetCapturedStdout();
  EXPECT_EQ(log.find_first_of("\x1B\x7F\x9B"), std::string::npos) << log;
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 5) << log;
  const std::string odd = "odd\x1B]0;name";
  fs::create_directory(folder.path(odd));
  write(odd + "/x.png", png(8, 8, {1, 2, 3}));
  EXPECT_EQ(read_image_folder(folder.path(odd) + "/", 64).name, "odd\\x1b]0;name");
}

TEST_F(ImageFolder, UnreadableFilesAreNamedAndSkipped) {
  const std::string good = png(20, 20, {1, 2, 3});
  write("good.png", good);
  write("cut.png", good.substr(0, good.size() / 2));
  write("empty.jpg", "");
  write("text.jpg", "hello");
  fs::create_directory(folder.path("folder.png"));
  fs::create_symlink(folder.path("nowhere"), folder.path("broken.png"));
  fs::create_symlink("loop.png", folder.path("loop.png"));
  testing::internal::CaptureStdout();  // the library's logger writes there; the program's to stderr
  EXPECT_EQ(read_image_folder(folder.path("."), 64).count, 1);
  const std::string log = testing::internal::GetCapturedStdout();
  for (const char* name : {"cut.png", "empty.jpg", "text.jpg"})
    EXPECT_TRUE(std::regex_search(log, std::regex(std::string(name) + ": .*, or remove it\n")))
        << name << " in: " << log;
  EXPECT_NE(log.find("2 broken link(s)"), std::string::npos) << log;
}

TEST_F(ImageFolder, FoldersWithoutAPictureAreRefused) {
  EXPECT_THROW(read_image_folder(folder.path("."), 64), Error);
  write("text.jpg", "hello");
  EXPECT_THROW(read_image_folder(folder.path("."), 64), Error);
  EXPECT_THROW(read_image_folder(folder.path("missing"), 64), Error);
  EXPECT_THROW(read_image_folder(folder.path("text.jpg"), 64), Error);
  const auto refusal = [&](const std::string& name) -> std::string {
    try {
      read_image_folder(folder.path(name), 64);
    } catch (const Error& e) {
      return e.what();
    }
    return "was read";
  };
  EXPECT_NE(refusal("text.jpg").find("this is a file"), std::string::npos) << refusal("text.jpg");
  write("a.webp", "hello");
  EXPECT_NE(refusal(".").find("found: 1 .webp, 1 damaged"), std::string::npos) << refusal(".");
  fs::create_directory(folder.path("empty"));
  EXPECT_NE(refusal("empty").find("it is empty"), std::string::npos) << refusal("empty");
}

}  // namespace
}  // namespace dcgan::test
