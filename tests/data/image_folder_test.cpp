// Folders of pictures: every kind that is read, what is skipped, and what is refused.
#include <gtest/gtest.h>
#include <stb_image_write.h>

#include <filesystem>
#include <regex>

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
  EXPECT_EQ(first_pixel(data, 4), (std::vector<int>{90, 91, 92}));
  EXPECT_NEAR(first_pixel(data, 5)[0], 128, 8);  // the edge filter overshoots a little
  const std::vector<int> lossy = first_pixel(data, 6);
  EXPECT_NEAR(lossy[0], 200, 3);
  EXPECT_NEAR(lossy[1], 100, 3);
  EXPECT_NEAR(lossy[2], 50, 3);
  EXPECT_NEAR(first_pixel(data, 7)[1], 128, 2);
}

TEST_F(ImageFolder, ResizingKeepsLeftAndRight) {
  Image picture{4, 2, 3, {}};
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 4; ++x)
      for (int c = 0; c < 3; ++c) picture.pixels.push_back(x < 2 ? 20 : 220);
  write_png(folder.path("half.png"), picture);
  const Dataset data = read_image_folder(folder.path("."), 64);
  EXPECT_NEAR(*data.image(0), 20, 1);
  EXPECT_NEAR(*(data.image(0) + 63 * 3), 220, 1);
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
}

TEST_F(ImageFolder, FoldersWithoutAPictureAreRefused) {
  EXPECT_THROW(read_image_folder(folder.path("."), 64), Error);
  write("text.jpg", "hello");
  EXPECT_THROW(read_image_folder(folder.path("."), 64), Error);
  EXPECT_THROW(read_image_folder(folder.path("missing"), 64), Error);
  EXPECT_THROW(read_image_folder(folder.path("text.jpg"), 64), Error);
}

}  // namespace
}  // namespace dcgan::test
