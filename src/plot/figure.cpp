// Grids of images under a title, with or without captions.
#include "plot/figure.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "plot/canvas.h"

namespace dcgan {
namespace {

constexpr int wanted_cell = 100, gap = 8, margin = 16, title_height = 34, caption_height = 20;
constexpr double title_size = 18, caption_size = 12;

struct Layout {
  int rows, columns, caption;
};

Image draw(const ImageBatch& images, const Layout& layout, const std::string& title,
           const std::vector<std::string>& captions) {
  const int scale = std::max(1, wanted_cell / std::max(1, images.width));
  const int cell_width = images.width * scale, cell_height = images.height * scale;
  const int step_x = cell_width + gap, step_y = cell_height + layout.caption + gap;
  const int head = title.empty() ? margin : margin + title_height;
  const int width = 2 * margin + layout.columns * step_x - gap;
  const int height = head + margin + layout.rows * step_y - gap;
  const Canvas canvas(width, height);
  canvas.text(width / 2.0, margin + title_size, title, title_size, Align::centre);
  const int count = std::min(images.count, layout.rows * layout.columns);
  const auto left = [&](int i) { return margin + i % layout.columns * step_x; };
  const auto top = [&](int i) { return head + i / layout.columns * step_y + layout.caption; };
  for (int i = 0; i < std::min<int>(count, static_cast<int>(captions.size())); ++i)
    canvas.text(left(i) + cell_width / 2.0, top(i) - 5, captions[static_cast<std::size_t>(i)],
                caption_size, Align::centre);
  Image figure = canvas.image(images.channels);
  for (int i = 0; i < count; ++i) place(figure, images, i, scale, left(i), top(i));
  return figure;
}

/// A caption that fits above its image: names of classes may be those of folders.
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
  return draw(images, {rows, columns, 0}, title, {});
}

Image labelled_figure(const ImageBatch& images, const std::vector<std::string>& captions,
                      const std::string& title) {
  constexpr int columns = 5;
  std::vector<std::string> fitting;
  for (const std::string& caption : captions) fitting.push_back(shortened(caption));
  return draw(images, {(images.count + columns - 1) / columns, columns, caption_height}, title,
              fitting);
}

}  // namespace dcgan
