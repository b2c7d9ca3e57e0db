// GIFs as a decoder sees them: frames, delay, endless loop, colours.
#include "gif/gif.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "dcgan/error.h"
#include "gif_file.h"
#include "io/atomic_file.h"
#include "temporary_folder.h"

namespace dcgan::test {
namespace {

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

// As if all its frames had been there from the beginning; and a frame that was half appended when
// the program was killed, or the disk full, is no part of it.
TEST(Gif, GrowsByAFrameAtATime) {
  const TemporaryFolder folder;
  for (const std::vector<std::uint8_t>& colour : {std::vector<std::uint8_t>{7}, {7, 80, 200}}) {
    const std::vector<Image> frames = {flat(30, 20, colour), flat(30, 20, colour),
                                       flat(30, 20, colour)};
    write_gif(folder.path("whole.gif"), frames, 500);
    const std::string grown = folder.path("grown.gif");
    write_gif(grown, {frames[0]}, 500);
    append_to_gif(grown, frames[1], 500);
    append_to_gif(grown, frames[2], 500);
    EXPECT_TRUE(read_file(grown) == read_file(folder.path("whole.gif")));

    const auto bytes = std::filesystem::file_size(grown);
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{bytes + 20, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    EXPECT_THROW(append_to_gif(grown, frames[1], 500), Error);
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_EQ(std::filesystem::file_size(grown), bytes + 20);
    EXPECT_EQ(Gif(grown).frames(), 3);
  }
  EXPECT_THROW(append_to_gif(folder.path("none.gif"), flat(3, 2, {7}), 500), Error);
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

/// 192x160: 30,720 pixels of nearly as many colours, and in every eighth row greys alone.
Image colourful(int shift = 0) {
  Image image{192, 160, 3, {}};
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      const double a = 0.05 * (x + shift), b = 0.04 * y;
      std::uint8_t rgb[3] = {static_cast<std::uint8_t>(127.5 + 127.5 * std::sin(a)),
                             static_cast<std::uint8_t>(127.5 + 127.5 * std::cos(b)),
                             static_cast<std::uint8_t>(127.5 + 100 * std::sin(a + b))};
      if (y % 8 == 0) rgb[1] = rgb[2] = rgb[0];
      image.pixels.insert(image.pixels.end(), rgb, rgb + 3);
    }
  return image;
}

/// The mean over the pixels of how far the frame's channel is from the image's.
double mean_error(const Gif& gif, int frame, const Image& image, int channel) {
  double sum = 0;
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      const GifColorType c = gif.colour(frame, x, y);
      const int got = channel == 0 ? c.Red : channel == 1 ? c.Green : c.Blue;
      sum += std::abs(got - image.pixels[std::size_t(3) * (y * image.width + x) + channel]);
    }
  return sum / (image.width * image.height);
}

// Measured: 5.6, 5.6 and 5.1. A fixed cube of 6x7x6 dithered colours gives 15.3, 12.7 and 17.9, the
// median cut of Pillow 7.0, 5.8 and 6.8.
TEST(Gif, ColoursAreClose) {
  const TemporaryFolder folder;
  write_gif(folder.path("x.gif"), {colourful(), colourful(60)}, 50);
  const Gif gif(folder.path("x.gif"));
  for (int channel = 0; channel < 3; ++channel) {
    EXPECT_LT(mean_error(gif, 0, colourful(), channel), 6) << channel;
    EXPECT_LT(mean_error(gif, 1, colourful(60), channel), 6) << channel;
  }
}

TEST(Gif, GreyStaysGreyAmongColours) {
  const TemporaryFolder folder;
  const Image image = colourful();
  write_gif(folder.path("x.gif"), {image}, 50);
  const Gif gif(folder.path("x.gif"));
  for (int y = 0; y < image.height; y += 8)
    for (int x = 0; x < image.width; ++x) {
      const GifColorType c = gif.colour(0, x, y);
      ASSERT_TRUE(c.Red == c.Green && c.Green == c.Blue) << x << ", " << y;
      ASSERT_NEAR(c.Red, image.pixels[std::size_t(3) * (y * image.width + x)], 12) << x;
    }
}

// Also where one colour fills the picture and the others are a pixel each.
TEST(Gif, UpTo256ColoursAreExact) {
  const TemporaryFolder folder;
  Image image = flat(64, 64, {200, 37, 120});
  for (int i = 1; i < 256; ++i) {
    image.pixels[std::size_t(30 * i)] = static_cast<std::uint8_t>(i);
    image.pixels[std::size_t(30 * i + 1)] = static_cast<std::uint8_t>(i < 100 ? i : 255 - i);
  }
  write_gif(folder.path("x.gif"), {image, flat(64, 64, {1, 2, 3})}, 50);
  const Gif gif(folder.path("x.gif"));
  for (int channel = 0; channel < 3; ++channel) EXPECT_EQ(mean_error(gif, 0, image, channel), 0);
  EXPECT_EQ(gif.colour(1, 63, 63).Red, 1);
  EXPECT_EQ(gif.colour(1, 63, 63).Green, 2);
  EXPECT_EQ(gif.colour(1, 63, 63).Blue, 3);
}

// What is there stays; the frame and a new trailer are written over the old trailer.
TEST(Gif, FramesCanBeAppended) {
  const TemporaryFolder folder;
  for (const bool grey : {true, false}) {
    const auto level = [&](std::uint8_t v) {
      return grey ? std::vector<std::uint8_t>{v} : std::vector<std::uint8_t>{v, 7, 9};
    };
    write_gif(folder.path("x.gif"), {flat(30, 20, level(5)), flat(30, 20, level(6))}, 500);
    std::string file = read_file(folder.path("x.gif"));
    ASSERT_TRUE(file.ends_with(gif_trailer));
    file.resize(file.size() - gif_trailer.size());
    file += gif_frame(flat(30, 20, level(200)), 70);
    file += gif_trailer;
    folder.write("x.gif", file);
    const Gif gif(folder.path("x.gif"));
    ASSERT_EQ(gif.frames(), 3);
    EXPECT_EQ(gif.colour(1, 29, 19).Red, 6);
    EXPECT_EQ(gif.colour(2, 29, 19).Red, 200);
    EXPECT_EQ(gif.colour(2, 29, 19).Green, grey ? 200 : 7);
    EXPECT_EQ(gif.delay_ms(1), 500);
    EXPECT_EQ(gif.delay_ms(2), 70);
    EXPECT_EQ(gif.loops(), 0);
  }
}

TEST(Gif, PicturesThatNoGifCanHoldAreRefused) {
  EXPECT_THROW(gif_header(65536, 1), Error);
  EXPECT_THROW(gif_header(0, 1), Error);
  EXPECT_THROW(gif_frame(flat(1, 65536, {0}), 50), Error);
  EXPECT_NO_THROW(gif_header(65535, 65535));
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
