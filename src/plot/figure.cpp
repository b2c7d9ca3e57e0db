// Grids of images under a title, with or without captions and labels of rows.
#include "plot/figure.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "plot/canvas.h"

namespace dcgan {
namespace {

constexpr int wanted_cell = 100, gap = 8, margin = 16, title_height = 34, caption_height = 20,
              note_height = 20;
constexpr double title_size = 18, caption_size = 12;

struct Layout {
  int columns, caption, label_width;
};

Image draw(const ImageBatch& images, const std::vector<SheetRow>& rows, const Layout& layout,
           const std::vector<std::string>& heading) {
  const int scale = std::max(1, wanted_cell / std::max(1, images.width));
  const int cell_width = images.width * scale, cell_height = images.height * scale;
  const int step_x = cell_width + gap, step_y = cell_height + layout.caption + gap;
  const int lines = static_cast<int>(heading.size());
  const int head = margin + (lines > 0 ? title_height + (lines - 1) * note_height : 0);
  const int width = 2 * margin + layout.label_width + layout.columns * step_x - gap;
  const int height = head + margin + static_cast<int>(rows.size()) * step_y - gap;
  const Canvas canvas(width, height);
  for (int i = 0; i < lines; ++i)
    canvas.text(width / 2.0, margin + title_size + i * note_height,
                heading[static_cast<std::size_t>(i)], i == 0 ? title_size : caption_size,
                Align::centre);
  const auto left = [&](std::size_t column) {
    return margin + layout.label_width + static_cast<int>(column) * step_x;
  };
  const auto top = [&](std::size_t row) {
    return head + static_cast<int>(row) * step_y + layout.caption;
  };
  for (std::size_t r = 0; r < rows.size(); ++r) {
    canvas.text(margin, top(r) + (cell_height + caption_size) / 2, rows[r].label, caption_size,
                Align::left);
    for (std::size_t c = 0; c < rows[r].captions.size(); ++c)
      canvas.text(left(c) + cell_width / 2.0, top(r) - 5, rows[r].captions[c], caption_size,
                  Align::centre);
  }
  Image figure = canvas.image(images.channels);
  for (std::size_t r = 0; r < rows.size(); ++r)
    for (std::size_t c = 0; c < rows[r].images.size(); ++c)
      place(figure, images, rows[r].images[c], scale, left(c), top(r));
  return figure;
}

/// The batch in its order, so many in a row, with captions or none.
std::vector<SheetRow> rows_of(const ImageBatch& images, int rows, int columns,
                              const std::vector<std::string>& captions) {
  std::vector<SheetRow> all(static_cast<std::size_t>(rows));
  for (int i = 0; i < std::min(images.count, rows * columns); ++i) {
    SheetRow& row = all[static_cast<std::size_t>(i / columns)];
    row.images.push_back(i);
    if (static_cast<std::size_t>(i) < captions.size())
      row.captions.push_back(captions[static_cast<std::size_t>(i)]);
  }
  return all;
}

std::vector<std::string> heading_of(const std::string& title) {
  if (title.empty()) return {};
  return {title};
}

/// Text that fits above its image or beside its row: names of classes may be those of folders.
std::string shortened(const std::string& caption) {
  constexpr std::size_t most = 15;
  if (caption.size() <= most) return caption;
  std::size_t end = most - 2;
  while (end > 0 && (static_cast<unsigned char>(caption[end]) & 0xC0) == 0x80) --end;  // UTF-8
  return caption.substr(0, end) + "...";
}

}  // namespace

void place(Image& figure, const ImageBatch& images, int index, int scale, int left, int top) {
  const std::uint8_t* pixels =
      images.pixels.data() + std::size_t(index) * images.height * images.width * images.channels;
  for (int y = 0; y < images.height * scale; ++y)
    for (int x = 0; x < images.width * scale; ++x)
      for (int c = 0; c < figure.channels; ++c)
        figure.pixels[(std::size_t(top + y) * figure.width + left + x) * figure.channels + c] =
            pixels[(std::size_t(y / scale) * images.width + x / scale) * images.channels +
                   std::min(c, images.channels - 1)];
}

Image stacked(const Image& upper, const Image& lower) {
  Image both = upper;
  both.height += lower.height;
  both.pixels.insert(both.pixels.end(), lower.pixels.begin(), lower.pixels.end());
  return both;
}

Image grid_figure(const ImageBatch& images, int rows, int columns, const std::string& title) {
  return draw(images, rows_of(images, rows, columns, {}), {columns, 0, 0}, heading_of(title));
}

Image labelled_figure(const ImageBatch& images, const std::vector<std::string>& captions,
                      const std::string& title) {
  constexpr int columns = 5;
  std::vector<std::string> fitting;
  for (const std::string& caption : captions) fitting.push_back(shortened(caption));
  const int rows = (images.count + columns - 1) / columns;
  return draw(images, rows_of(images, rows, columns, fitting), {columns, caption_height, 0},
              heading_of(title));
}

Image sheet_figure(const ImageBatch& images, const std::vector<SheetRow>& rows, int columns,
                   const std::vector<std::string>& heading) {
  const Canvas ruler(1, 1);
  std::vector<SheetRow> fitting = rows;
  double label_width = 0;
  bool captions = false;
  for (SheetRow& row : fitting) {
    row.label = shortened(row.label);
    label_width = std::max(label_width, ruler.text_width(row.label, caption_size));
    captions |= !row.captions.empty();
  }
  const Layout layout{columns, captions ? caption_height : 0,
                      static_cast<int>(std::ceil(label_width)) + 2 * gap};
  return draw(images, fitting, layout, heading);
}

}  // namespace dcgan
