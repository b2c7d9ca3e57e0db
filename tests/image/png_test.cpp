// Pictures written and read back.
#include <gtest/gtest.h>

#include <filesystem>

#include "dcgan/error.h"
#include "image/image.h"
#include "temporary_folder.h"

namespace dcgan::test {
namespace {

Image gradient(int width, int height, int channels) {
  Image image{width, height, channels, {}};
  for (int i = 0; i < width * height * channels; ++i)
    image.pixels.push_back(static_cast<std::uint8_t>(i * 7));
  return image;
}

TEST(Png, RoundTripsEveryByte) {
  const TemporaryFolder folder;
  for (const int channels : {1, 3})
    for (const auto& [width, height] : {std::pair{1, 1}, std::pair{5, 3}, std::pair{100, 40}}) {
      const Image image = gradient(width, height, channels);
      write_png(folder.path("x.png"), image);
      const Image back = read_image(folder.path("x.png"));
      EXPECT_EQ(back.width, width);
      EXPECT_EQ(back.height, height);
      EXPECT_EQ(back.channels, channels);
      EXPECT_EQ(back.pixels, image.pixels);
    }
}

TEST(Png, IsReadWithTheChannelsAskedFor) {
  const TemporaryFolder folder;
  write_png(folder.path("grey.png"), {1, 1, 1, {77}});
  EXPECT_EQ(read_image(folder.path("grey.png"), {.channels = 3}).pixels,
            (std::vector<std::uint8_t>{77, 77, 77}));
}

TEST(Png, AFailedWriteNamesTheFileAndLeavesNothing) {
  const TemporaryFolder folder;
  try {
    write_png(folder.path("missing/x.png"), gradient(2, 2, 1));
    ADD_FAILURE() << "was written";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(folder.path("missing/x.png")), std::string::npos);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path(".")));
}

}  // namespace
}  // namespace dcgan::test
