// The figure of predictions by its pixels: images, bars as high as their probabilities, colours of
// what is right and wrong.
#include "plot/predictions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>

namespace dcgan::test {
namespace {

using Rgb = std::array<std::uint8_t, 3>;
constexpr Rgb right{0, 115, 179}, wrong{204, 26, 26}, other{179, 179, 179};

Rgb pixel(const Image& figure, int x, int y) {
  const std::uint8_t* at = figure.pixels.data() + (std::size_t(y) * figure.width + x) * 3;
  return {at[0], at[1], at[2]};
}

/// The longest column of pixels of nearly that colour within the box.
int highest(const Image& figure, Rgb colour, int left, int top, int width, int height) {
  int most = 0;
  for (int x = left; x < left + width; ++x) {
    int column = 0;
    for (int y = top; y < top + height; ++y) {
      const Rgb p = pixel(figure, x, y);
      bool near = true;
      for (int c = 0; c < 3; ++c) near = near && std::abs(p[c] - colour[c]) <= 2;
      column += near;
    }
    most = std::max(most, column);
  }
  return most;
}

/// Images of 28 x 28, each of one grey: 10, 20, ...
struct Figure {
  explicit Figure(int count, const std::vector<float>& probabilities,
                  const std::vector<std::uint8_t>& labels,
                  const std::vector<std::string>& names = {"a", "b"}) {
    std::vector<std::uint8_t> pixels;
    for (int i = 0; i < count; ++i)
      pixels.insert(pixels.end(), 28 * 28, static_cast<std::uint8_t>(10 * (i + 1)));
    image = predictions_figure({pixels, count, 28, 28, 1}, probabilities, labels, names);
  }
  Image image;
};

// Margins of 16, images of 84; bars begin 8 beside them and are 150 wide.
TEST(PredictionsFigure, ShowsEachImageThreeTimesEnlarged) {
  const Figure f(4, {0.5F, 0.5F, 0.5F, 0.5F, 0.5F, 0.5F, 0.5F, 0.5F}, {0, 0, 0, 0});
  ASSERT_EQ(f.image.channels, 3);
  ASSERT_EQ(f.image.pixels.size(), std::size_t(f.image.width) * f.image.height * 3);
  std::map<int, int> greys;
  for (int y = 0; y < f.image.height; ++y)
    for (int x = 0; x < f.image.width; ++x) {
      const Rgb p = pixel(f.image, x, y);
      if (p[0] == p[1] && p[1] == p[2]) ++greys[p[0]];
    }
  for (const int grey : {10, 20, 30, 40}) EXPECT_GE(greys[grey], 84 * 84) << grey;
  EXPECT_EQ(pixel(f.image, 16, 16), (Rgb{10, 10, 10}));
  EXPECT_EQ(pixel(f.image, 16 + 83, 16 + 83), (Rgb{10, 10, 10}));
  EXPECT_GT(f.image.width, 2 * f.image.height);  // three beside each other, the fourth below
}

TEST(PredictionsFigure, BarsAreAsHighAsTheirProbabilities) {
  const Figure f(1, {0.25F, 0.75F}, {1});
  EXPECT_NEAR(highest(f.image, right, 16 + 84 + 8, 16, 150, 84), 63, 1);
  EXPECT_NEAR(highest(f.image, other, 16 + 84 + 8, 16, 150, 84), 21, 1);
  EXPECT_EQ(highest(f.image, wrong, 0, 0, f.image.width, f.image.height), 0);
  // The first class is on the left.
  EXPECT_EQ(highest(f.image, right, 16 + 84 + 8, 16, 75, 84), 0);
}

TEST(PredictionsFigure, AWrongOneIsRed) {
  const Figure f(1, {0.25F, 0.75F}, {0});
  EXPECT_NEAR(highest(f.image, wrong, 16 + 84 + 8, 16, 150, 84), 63, 1);
  EXPECT_NEAR(highest(f.image, right, 16 + 84 + 8, 16, 150, 84), 21, 1);
  // And so is what is said below the image.
  const int below = 16 + 84 + 2;
  EXPECT_GT(highest(f.image, wrong, 16, below, 100, f.image.height - below), 0);
  EXPECT_EQ(highest(f.image, right, 16, below, 100, f.image.height - below), 0);
}

TEST(PredictionsFigure, ClassesWithoutNamesAreNumbers) {
  const std::vector<float> probabilities{0.25F, 0.75F};
  const Figure numbers(1, probabilities, {1}, {}), named(1, probabilities, {1}, {"0", "1"}),
      others(1, probabilities, {1}, {"x", "y"});
  EXPECT_TRUE(numbers.image.pixels == named.image.pixels);
  EXPECT_FALSE(numbers.image.pixels == others.image.pixels);
}

TEST(Stacked, PutsOnePictureAboveAnother) {
  const Image both = stacked({2, 1, 1, {1, 2}}, {2, 2, 1, {3, 4, 5, 6}});
  EXPECT_EQ(both.width, 2);
  EXPECT_EQ(both.height, 3);
  EXPECT_EQ(both.pixels, (std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6}));
}

}  // namespace
}  // namespace dcgan::test
