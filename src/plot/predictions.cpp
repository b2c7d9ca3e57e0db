#include "plot/predictions.h"

#include <algorithm>
#include <cmath>

#include "plot/canvas.h"

namespace dcgan {
namespace {

constexpr int columns = 3, wanted_image = 84, gap = 8, margin = 16, bars_width = 150, caption = 22;
constexpr double text_size = 12;
constexpr Colour right_colour = palette[0], wrong_colour{0.8, 0.1, 0.1}, bar{0.7, 0.7, 0.7};

struct Cell {
  int left, top, image_width, image_height;
};

/// One bar for each class: the predicted one in colour, and the true one, too.
void draw_bars(const Canvas& canvas, const Cell& cell, std::span<const float> probabilities,
               std::size_t predicted, std::size_t truth) {
  const double left = cell.left + cell.image_width + gap, bottom = cell.top + cell.image_height;
  const double step = bars_width / static_cast<double>(probabilities.size());
  for (std::size_t c = 0; c < probabilities.size(); ++c) {
    const double height = static_cast<double>(probabilities[c]) * cell.image_height;
    canvas.colour(c == truth ? right_colour : c == predicted ? wrong_colour : bar);
    cairo_rectangle(canvas.cairo(), left + static_cast<double>(c) * step + 1, bottom - height,
                    step - 2, height);
    cairo_fill(canvas.cairo());
  }
  canvas.colour(ink);
  cairo_set_line_width(canvas.cairo(), 1);
  cairo_move_to(canvas.cairo(), left, bottom + 0.5);
  cairo_line_to(canvas.cairo(), left + bars_width, bottom + 0.5);
  cairo_stroke(canvas.cairo());
}

}  // namespace

Image predictions_figure(const ImageBatch& images, std::span<const float> probabilities,
                         std::span<const std::uint8_t> labels,
                         const std::vector<std::string>& label_names) {
  const int scale = std::max(1, wanted_image / std::max(1, images.width));
  const int image_width = images.width * scale, image_height = images.height * scale;
  const int step_x = image_width + gap + bars_width + 3 * gap,
            step_y = image_height + caption + gap;
  const int rows = (images.count + columns - 1) / columns;
  const auto cell = [&](int i) {
    return Cell{margin + i % columns * step_x, margin + i / columns * step_y, image_width,
                image_height};
  };
  const auto name = [&](std::size_t label) {
    return label < label_names.size() ? label_names[label] : std::to_string(label);
  };
  const Canvas canvas(2 * margin + columns * step_x - 3 * gap, 2 * margin + rows * step_y - gap);
  const std::size_t classes =
      images.count > 0 ? probabilities.size() / static_cast<std::size_t>(images.count) : 0;
  for (int i = 0; i < images.count; ++i) {
    const auto of_image = probabilities.subspan(static_cast<std::size_t>(i) * classes, classes);
    const auto predicted = static_cast<std::size_t>(
        std::max_element(of_image.begin(), of_image.end()) - of_image.begin());
    const std::size_t truth = labels[static_cast<std::size_t>(i)];
    draw_bars(canvas, cell(i), of_image, predicted, truth);
    canvas.colour(predicted == truth ? right_colour : wrong_colour);
    const std::string percent =
        std::to_string(std::lround(100 * static_cast<double>(of_image[predicted])));
    canvas.text(cell(i).left, cell(i).top + image_height + 16,
                name(predicted) + " " + percent + "% (" + name(truth) + ")", text_size,
                Align::left);
  }
  Image figure = canvas.image(3);
  for (int i = 0; i < images.count; ++i) place(figure, images, i, scale, cell(i).left, cell(i).top);
  return figure;
}

}  // namespace dcgan
