// GIFs as a decoder sees them: frames, delay, endless loop, colours.
#include "gif/gif.h"

#include <gif_lib.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <memory>

#include "dcgan/error.h"
#include "io/atomic_file.h"
#include "temporary_folder.h"

namespace dcgan::test {
namespace {

class Gif {
 public:
  explicit Gif(const std::string& path) {
    int error = 0;
    file_ = DGifOpenFileName(path.c_str(), &error);
    if (!file_ || DGifSlurp(file_) != GIF_OK) throw Error(path + ": not a GIF");
  }
  ~Gif() { DGifCloseFile(file_, nullptr); }
  Gif(const Gif&) = delete;
  Gif& operator=(const Gif&) = delete;

  int frames() const { return file_->ImageCount; }
  int width() const { return file_->SWidth; }
  int height() const { return file_->SHeight; }
  int delay_ms(int frame) const {
    GraphicsControlBlock control{};
    return DGifSavedExtensionToGCB(file_, frame, &control) == GIF_OK ? control.DelayTime * 10 : -1;
  }
  /// 0: endless, -1: the file says nothing.
  int loops() const {
    const SavedImage& first = file_->SavedImages[0];
    for (int i = 0; i + 1 < first.ExtensionBlockCount; ++i) {
      const ExtensionBlock& name = first.ExtensionBlocks[i];
      const ExtensionBlock& value = first.ExtensionBlocks[i + 1];
      if (name.ByteCount == 11 && std::memcmp(name.Bytes, "NETSCAPE2.0", 11) == 0)
        return value.Bytes[1] | value.Bytes[2] << 8;
    }
    return -1;
  }
  GifColorType colour(int frame, int x, int y) const {
    const SavedImage& image = file_->SavedImages[frame];
    return file_->SColorMap->Colors[image.RasterBits[y * image.ImageDesc.Width + x]];
  }

 private:
  GifFileType* file_;
};

Image flat(int width, int height, const std::vector<std::uint8_t>& colour) {
  Image image{width, height, static_cast<int>(colour.size()), {}};
  for (int i = 0; i < width * height; ++i)
    image.pixels.insert(image.pixels.end(), colour.begin(), colour.end());
  return image;
}

TEST(Gif, LoopsForEverAtTheDelayAskedFor) {
  const TemporaryFolder folder;
  write_gif(folder.path("x.gif"), {flat(30, 20, {0}), flat(30, 20, {99}), flat(30, 20, {255})},
            500);
  const Gif gif(folder.path("x.gif"));
  EXPECT_EQ(gif.frames(), 3);
  EXPECT_EQ(gif.width(), 30);
  EXPECT_EQ(gif.height(), 20);
  EXPECT_EQ(gif.loops(), 0);
  for (int frame = 0; frame < 3; ++frame) EXPECT_EQ(gif.delay_ms(frame), 500);
  EXPECT_EQ(gif.colour(1, 29, 19).Red, 99);
}

TEST(Gif, KeepsEveryGrey) {
  const TemporaryFolder folder;
  Image ramp{256, 1, 1, {}};
  for (int i = 0; i < 256; ++i) ramp.pixels.push_back(static_cast<std::uint8_t>(i));
  write_gif(folder.path("x.gif"), {ramp}, 100);
  const Gif gif(folder.path("x.gif"));
  for (int i = 0; i < 256; ++i) {
    EXPECT_EQ(gif.colour(0, i, 0).Red, i);
    EXPECT_EQ(gif.colour(0, i, 0).Blue, i);
  }
}

// Dithering trades places for levels: over 16x16 pixels the mean is the colour.
TEST(Gif, ColoursAreRightOnTheAverage) {
  const TemporaryFolder folder;
  const std::vector<std::uint8_t> colour = {200, 37, 120};
  write_gif(folder.path("x.gif"), {flat(16, 16, colour)}, 100);
  const Gif gif(folder.path("x.gif"));
  double red = 0, green = 0, blue = 0;
  for (int y = 0; y < 16; ++y)
    for (int x = 0; x < 16; ++x) {
      const GifColorType c = gif.colour(0, x, y);
      red += c.Red / 256.0, green += c.Green / 256.0, blue += c.Blue / 256.0;
    }
  EXPECT_NEAR(red, colour[0], 3);
  EXPECT_NEAR(green, colour[1], 3);
  EXPECT_NEAR(blue, colour[2], 3);
}

TEST(Gif, WrongFramesAreRefusedAndNothingIsWritten) {
  const TemporaryFolder folder;
  EXPECT_THROW(write_gif(folder.path("x.gif"), {}, 500), Error);
  EXPECT_THROW(write_gif(folder.path("x.gif"), {flat(3, 3, {0}), flat(3, 4, {0})}, 500), Error);
  EXPECT_THROW(write_gif(folder.path("x.gif"), {flat(3, 3, {0}), flat(3, 3, {0, 0, 0})}, 500),
               Error);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path(".")));
}

}  // namespace
}  // namespace dcgan::test
