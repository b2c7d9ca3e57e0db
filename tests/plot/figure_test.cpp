// Figures by their pixels: images at their places and sizes, titles and captions drawn, curves
// where their values are.
#include "plot/figure.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace dcgan::test {
namespace {

/// `count` images of one grey each: 10, 20, 30, …
struct Batch {
  Batch(int count, int side, int channels) {
    for (int i = 0; i < count; ++i)
      pixels.insert(pixels.end(), std::size_t(side) * side * channels,
                    static_cast<std::uint8_t>(10 * (i + 1)));
    images = {pixels, count, side, side, channels};
  }
  std::vector<std::uint8_t> pixels;
  ImageBatch images;
};

struct Box {
  int left = 1 << 20, top = 1 << 20, right = -1, bottom = -1, pixels = 0;
};

/// Where a figure's pixels are exactly of that grey, apart from letters, which have every grey.
Box box_of(const Image& figure, std::uint8_t grey) {
  constexpr int more_than_letters_have = 40;
  Box box;
  for (int y = 0; y < figure.height; ++y) {
    std::vector<int> columns;
    for (int x = 0; x < figure.width; ++x)
      if (figure.pixels[(std::size_t(y) * figure.width + x) * figure.channels] == grey)
        columns.push_back(x);
    if (columns.size() < more_than_letters_have) continue;
    box.left = std::min(box.left, columns.front()), box.right = std::max(box.right, columns.back());
    box.top = std::min(box.top, y), box.bottom = std::max(box.bottom, y);
    box.pixels += static_cast<int>(columns.size());
  }
  return box;
}

int dark_pixels(const Image& figure, int top, int bottom) {
  int count = 0;
  for (int y = top; y < bottom; ++y)
    for (int x = 0; x < figure.width; ++x)
      count += figure.pixels[(std::size_t(y) * figure.width + x) * figure.channels] < 128;
  return count;
}

TEST(GridFigure, PlacesEveryImageEnlargedByAWholeFactor) {
  const Batch batch(16, 28, 1);
  const Image figure = grid_figure(batch.images, 4, 4, "");
  ASSERT_EQ(figure.pixels.size(), std::size_t(figure.width) * figure.height);
  Box last;
  for (int i = 0; i < 16; ++i) {
    const Box box = box_of(figure, static_cast<std::uint8_t>(10 * (i + 1)));
    EXPECT_EQ(box.right - box.left + 1, 84) << i;
    EXPECT_EQ(box.bottom - box.top + 1, 84) << i;
    EXPECT_EQ(box.pixels, 84 * 84) << i;
    if (i % 4) {
      EXPECT_GT(box.left, last.right);
      EXPECT_EQ(box.top, last.top);
    } else if (i) {
      EXPECT_GT(box.top, last.bottom);
    }
    last = box;
  }
}

TEST(GridFigure, ATitleStandsAboveTheImages) {
  const Batch batch(4, 28, 1);
  const Image bare = grid_figure(batch.images, 2, 2, "");
  const Image titled = grid_figure(batch.images, 2, 2, "Epoch 7");
  EXPECT_GT(titled.height, bare.height);
  const int top = box_of(titled, 10).top;
  EXPECT_GT(dark_pixels(titled, 0, top), 40);
  EXPECT_EQ(dark_pixels(bare, 0, box_of(bare, 10).top), 0);
  EXPECT_NE(titled.pixels, grid_figure(batch.images, 2, 2, "Epoch 8").pixels);
}

TEST(GridFigure, MissingImagesLeaveTheirCellsBlank) {
  const Batch batch(3, 28, 3);
  const Image figure = grid_figure(batch.images, 2, 2, "");
  EXPECT_EQ(figure.channels, 3);
  const Box third = box_of(figure, 30);
  EXPECT_EQ(third.pixels, 84 * 84);
  for (int x = third.right + 1; x < figure.width; ++x)
    EXPECT_EQ(figure.pixels[(std::size_t(third.top) * figure.width + x) * 3], 255);
}

TEST(LabelledFigure, HasFiveColumnsAndACaptionAboveEachImage) {
  const Batch batch(10, 28, 1);
  const std::vector<std::string> captions(10, "Ankle boot");
  const Image figure = labelled_figure(batch.images, captions, "Real");
  const Image bare = labelled_figure(batch.images, std::vector<std::string>(10), "Real");
  EXPECT_EQ(box_of(figure, 50).top, box_of(figure, 10).top);
  EXPECT_GT(box_of(figure, 60).top, box_of(figure, 50).bottom);
  EXPECT_EQ(box_of(figure, 60).left, box_of(figure, 10).left);
  const int between_top = box_of(figure, 50).bottom + 1, between_bottom = box_of(figure, 60).top;
  EXPECT_GT(dark_pixels(figure, between_top, between_bottom), 5 * 40);
  EXPECT_EQ(dark_pixels(bare, between_top, between_bottom), 0);
}

// As wide as this one would be, it would cover those beside it.
TEST(LabelledFigure, LongCaptionsAreCutBetweenCharacters) {
  const Batch batch(5, 28, 1);
  const auto with = [&](const std::string& caption) {
    return labelled_figure(batch.images, {"", "", caption, "", ""}, "Real").pixels;
  };
  EXPECT_EQ(with("photographs of Ankle boots"), with("photographs o..."));
  EXPECT_NE(with("123456789abcdef"), with("123456789abcde"));
  EXPECT_EQ(with("123456789abc\u00e9\u00e9\u00e9\u00e9"), with("123456789abc..."));
}

TEST(SheetFigure, PlacesTheImagesOfEachRowBesideItsLabel) {
  const Batch batch(5, 28, 1);
  const Image figure = sheet_figure(
      batch.images, {{"Bag", {4, 0}, {}}, {"", {}, {}}, {"Coat", {2, 3, 1}, {}}}, 3, {});
  const Box first = box_of(figure, 50), second = box_of(figure, 10), below = box_of(figure, 30);
  for (const int grey : {10, 20, 30, 40, 50})
    EXPECT_EQ(box_of(figure, static_cast<std::uint8_t>(grey)).pixels, 84 * 84) << grey;
  EXPECT_EQ(first.top, second.top);
  EXPECT_GT(second.left, first.right);
  EXPECT_EQ(below.left, first.left);
  EXPECT_EQ(below.top - first.top, 2 * (box_of(figure, 40).left - below.left));  // a blank row
  EXPECT_EQ(box_of(figure, 20).left - box_of(figure, 40).left, second.left - first.left);
  // Nothing but the two labels is left of the images, and nothing is where there are none.
  const auto dark_left = [&](int top, int bottom) {
    int count = 0;
    for (int y = top; y < bottom; ++y)
      for (int x = 0; x < first.left; ++x)
        count += figure.pixels[std::size_t(y) * figure.width + x] < 128;
    return count;
  };
  EXPECT_GT(dark_left(first.top, first.bottom), 20);
  EXPECT_EQ(dark_left(first.bottom, below.top), 0);
  EXPECT_GT(dark_left(below.top, below.bottom), 20);
  for (int y = first.top; y < first.bottom; ++y)
    for (int x = second.right + 1; x < figure.width; ++x)
      ASSERT_EQ(figure.pixels[std::size_t(y) * figure.width + x], 255) << x << ", " << y;
}

TEST(SheetFigure, LongLabelsMakeRoomAndAreCut) {
  const Batch batch(1, 28, 1);
  const auto left = [&](const std::string& label) {
    return box_of(sheet_figure(batch.images, {{label, {0}, {}}}, 1, {}), 10).left;
  };
  EXPECT_GT(left("Ankle boot"), left("Bag") + 20);
  EXPECT_EQ(left("photographs of Ankle boots"), left("photographs o..."));
}

TEST(SheetFigure, HasCaptionsAndLinesBelowItsTitle) {
  const Batch batch(2, 28, 1);
  const auto with = [&](const std::vector<std::string>& captions,
                        const std::vector<std::string>& heading) {
    return sheet_figure(batch.images, {{"", {0, 1}, captions}}, 2, heading);
  };
  const Image bare = with({}, {"Title"}), captioned = with({"sample", "1.25"}, {"Title"});
  EXPECT_EQ(dark_pixels(bare, box_of(bare, 10).top - 14, box_of(bare, 10).top), 0);
  EXPECT_GT(dark_pixels(captioned, box_of(captioned, 10).top - 14, box_of(captioned, 10).top), 20);
  EXPECT_GT(captioned.height, bare.height);
  const Image two = with({}, {"Title", "a note"}), three = with({}, {"Title", "a note", "another"});
  EXPECT_GT(box_of(two, 10).top, box_of(bare, 10).top);
  EXPECT_GT(box_of(three, 10).top, box_of(two, 10).top);
  EXPECT_NE(two.pixels, with({}, {"Title", "a word"}).pixels);
  EXPECT_GT(dark_pixels(two, 0, two.height), dark_pixels(bare, 0, bare.height));
  EXPECT_GT(dark_pixels(three, 0, three.height), dark_pixels(two, 0, two.height));
}

/// The mean row of the pixels in column x that have the palette's first or second colour.
double curve_row(const Image& plot, int x, bool orange) {
  double sum = 0;
  int count = 0;
  for (int y = 0; y < plot.height; ++y) {
    const std::uint8_t* p = &plot.pixels[(std::size_t(y) * plot.width + x) * 3];
    if (orange ? p[0] > 180 && p[2] < 80 : p[2] > 150 && p[0] < 80) {
      sum += y;
      ++count;
    }
  }
  return count ? sum / count : -1;
}

TEST(PlotFigure, CurvesRunWhereTheirValuesAre) {
  const Curve rising{"G", {1, 2, 3}, {0, 1, 2}}, flat{"D", {1, 2, 3}, {1, 1, 1}};
  const Image plot = plot_figure({rising, flat}, {"Loss", "Epoch", "Loss"}, 900, 450);
  ASSERT_EQ(plot.width, 900);
  ASSERT_EQ(plot.height, 450);
  // Away from the legend, and from the middle, where they cross.
  for (const int x : {150, 300, 350, 600, 650, 800}) {
    const double rising_row = curve_row(plot, x, false), flat_row = curve_row(plot, x, true);
    ASSERT_GT(rising_row, 0) << x;
    ASSERT_GT(flat_row, 0) << x;
    if (x < 400) {
      EXPECT_GT(rising_row, flat_row + 20) << x;
    } else if (x < 700) {
      EXPECT_LT(rising_row, flat_row - 10) << x;
    }
  }
  // Straight: the rise from 150 to 350 is half of that from 150 to 550.
  const double start = curve_row(plot, 150, false);
  EXPECT_NEAR(2 * (start - curve_row(plot, 350, false)), start - curve_row(plot, 550, false), 2);
}

TEST(PlotFigure, APowerIsStraightOnLogarithmicAxes) {
  PlotText text{"", "", ""};
  text.logarithmic = true;
  const Curve square{"G", {0, 1, 2, 8, 32, 128}, {1, 3, 12, 192, 3072, 49152}};  // 3 x^2, and a 0
  const Image plot = plot_figure({square}, text, 900, 450);
  const double start = curve_row(plot, 150, false), middle = curve_row(plot, 350, false);
  ASSERT_GT(middle, 0);
  EXPECT_GT(start - middle, 50);
  EXPECT_NEAR(2 * (start - middle), start - curve_row(plot, 550, false), 2);
}

TEST(PlotFigure, ValuesThatAreNotFiniteAreLeftOut) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinite = std::numeric_limits<double>::infinity();
  const Curve gap{"G", {1, 2, 3, 4, 5}, {1, nan, infinite, 1e300, 2}};
  const Image plot = plot_figure({gap}, {"", "", ""});
  EXPECT_EQ(curve_row(plot, plot.width / 2, false), -1);
  for (const Curve& degenerate :
       {Curve{"none", {}, {}}, Curve{"one", {1}, {1}}, Curve{"nan", {1, 2}, {nan, nan}},
        Curve{"same", {1, 2}, {5, 5}}, Curve{"tiny", {1, 2}, {1e-300, 2e-300}}}) {
    const Image image = plot_figure({degenerate}, {"", "", ""});
    EXPECT_EQ(image.pixels.size(), std::size_t(image.width) * image.height * 3);
  }
}

}  // namespace
}  // namespace dcgan::test
