// The figures of a run: grids of samples, labelled real images, loss curves.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "image/image.h"

namespace dcgan {

/// `count` images as bytes, [count, height, width, channels].
struct ImageBatch {
  std::span<const std::uint8_t> pixels;
  int count = 0;
  int height = 0;
  int width = 0;
  int channels = 1;
};

/// Copies image `index`, each pixel scale x scale, to where its upper left corner is (left, top).
/// A figure of three channels takes grey images, too.
void place(Image& figure, const ImageBatch& images, int index, int scale, int left, int top);

/// Two pictures of one width and as many channels, one above the other.
Image stacked(const Image& upper, const Image& lower);

/// A rows x columns grid, each image enlarged by a whole factor so that small ones are about 100
/// pixels wide, under a centred title (none if empty). Cells without an image stay blank.
Image grid_figure(const ImageBatch& images, int rows, int columns, const std::string& title);

/// The same with a caption above each image and five columns: the notebook's figure of real
/// samples.
Image labelled_figure(const ImageBatch& images, const std::vector<std::string>& captions,
                      const std::string& title);

/// A row of a sheet: images by their numbers in the batch, and captions above them, or none.
struct SheetRow {
  std::string label;
  std::vector<int> images;
  std::vector<std::string> captions;
};

/// Rows of up to `columns` images, each with its label at the left. The first line of `heading` is
/// a title, the others are smaller.
Image sheet_figure(const ImageBatch& images, const std::vector<SheetRow>& rows, int columns,
                   const std::vector<std::string>& heading);

/// One line of a plot; x and y have the same length. Points that are not finite are left out.
struct Curve {
  std::string label;
  std::vector<double> x;
  std::vector<double> y;
};

struct PlotText {
  std::string title;
  std::string x_label;
  std::string y_label;
  bool logarithmic = false;  ///< both axes; what is not positive is left out
};

/// Lines with axes, ticks, grid and legend.
Image plot_figure(const std::vector<Curve>& curves, const PlotText& text, int width = 900,
                  int height = 450);

}  // namespace dcgan
