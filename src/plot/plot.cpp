// Line plots: axes, ticks, grid, legend.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "plot/canvas.h"
#include "plot/figure.h"

namespace dcgan {
namespace {

constexpr double left = 70, right = 24, top = 44, bottom = 56, label_size = 13, title_size = 16;

struct Axis {
  double low = 0, high = 1, step = 1;  // values, or their logarithms
  bool logarithmic = false;            // to base 2
  double from = 0, to = 1;             // pixels
  double scaled(double value) const { return logarithmic ? std::log2(value) : value; }
  double at_scaled(double v) const { return from + (v - low) / (high - low) * (to - from); }
  double at(double value) const { return at_scaled(scaled(value)); }
};

/// The next of 1, 2, 5 times a power of ten that cuts the range into at most `parts`.
double nice_step(double range, int parts) {
  const double raw = range / parts, power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (raw <= factor * power * (1 + 1e-9)) return factor * power;
  return 10 * power;
}

bool usable(double v) { return std::isfinite(v) && std::abs(v) < 1e30; }

/// Over one of the curves' coordinates.
Axis make_axis(const std::vector<Curve>& curves, std::vector<double> Curve::*values,
               bool logarithmic, double padding, int parts) {
  Axis axis{INFINITY, -INFINITY};
  axis.logarithmic = logarithmic;
  bool whole = true;
  for (const Curve& c : curves)
    for (std::size_t i = 0; i < std::min(c.x.size(), c.y.size()); ++i) {
      if (!usable(axis.scaled(c.x[i])) || !usable(axis.scaled(c.y[i]))) continue;
      const double value = axis.scaled((c.*values)[i]);
      axis.low = std::min(axis.low, value);
      axis.high = std::max(axis.high, value);
      whole = whole && value == std::floor(value);
    }
  if (!(axis.low <= axis.high)) axis.low = 0, axis.high = 1;
  double range = axis.high - axis.low;
  if (range < 1e-9 * std::max(1.0, std::abs(axis.high))) {
    range = std::max(1.0, std::abs(axis.high));
    axis.low -= range / 2, axis.high += range / 2;
  }
  axis.low -= padding * range, axis.high += padding * range;
  axis.step = nice_step(axis.high - axis.low, parts);
  if (whole || logarithmic) axis.step = std::max(1.0, axis.step);
  return axis;
}

std::string tick_text(const Axis& axis, double value) {
  char text[32];
  const double step = axis.step;
  if (axis.logarithmic) {
    std::snprintf(text, sizeof text, "%g", std::exp2(value));
    return text;
  }
  if (std::abs(value) < 1e-9 * step) value = 0;
  const int decimals = std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 9);
  std::snprintf(text, sizeof text, std::abs(value) < 1e6 ? "%.*f" : "%.*g",
                std::abs(value) < 1e6 ? decimals : 6, value);
  return text;
}

void line(const Canvas& canvas, double x0, double y0, double x1, double y1) {
  cairo_move_to(canvas.cairo(), std::floor(x0) + 0.5, std::floor(y0) + 0.5);
  cairo_line_to(canvas.cairo(), std::floor(x1) + 0.5, std::floor(y1) + 0.5);
  cairo_stroke(canvas.cairo());
}

/// The multiples of the step within the axis.
std::vector<double> ticks(const Axis& axis) {
  const double first = std::ceil(axis.low / axis.step), last = axis.high / axis.step + 1e-9;
  std::vector<double> values;
  for (int i = 0; first + i <= last; ++i) values.push_back((first + i) * axis.step);
  return values;
}

void draw_axes(const Canvas& canvas, const Axis& x, const Axis& y) {
  constexpr Colour grid{0.88, 0.88, 0.88};
  cairo_set_line_width(canvas.cairo(), 1);
  for (const double v : ticks(x)) {
    canvas.colour(grid);
    line(canvas, x.at_scaled(v), y.from, x.at_scaled(v), y.to);
    canvas.colour(ink);
    canvas.text(x.at_scaled(v), y.from + 18, tick_text(x, v), label_size, Align::centre);
  }
  for (const double v : ticks(y)) {
    canvas.colour(grid);
    line(canvas, x.from, y.at_scaled(v), x.to, y.at_scaled(v));
    canvas.colour(ink);
    canvas.text(x.from - 8, y.at_scaled(v) + 4.5, tick_text(y, v), label_size, Align::right);
  }
  line(canvas, x.from, y.from, x.to, y.from);
  line(canvas, x.from, y.from, x.from, y.to);
}

void draw_curve(const Canvas& canvas, const Curve& c, const Axis& x, const Axis& y,
                const Colour& colour) {
  canvas.colour(colour);
  cairo_set_line_width(canvas.cairo(), 2);
  bool pen_down = false;
  const std::size_t points = std::min(c.x.size(), c.y.size());
  for (std::size_t i = 0; i < points; ++i) {
    const bool drawn = usable(x.scaled(c.x[i])) && usable(y.scaled(c.y[i]));
    if (drawn && pen_down) cairo_line_to(canvas.cairo(), x.at(c.x[i]), y.at(c.y[i]));
    if (drawn && !pen_down) cairo_move_to(canvas.cairo(), x.at(c.x[i]), y.at(c.y[i]));
    pen_down = drawn;
  }
  cairo_stroke(canvas.cairo());
  constexpr std::size_t most_markers = 60;
  if (points > most_markers) return;
  for (std::size_t i = 0; i < points; ++i) {
    if (!usable(x.scaled(c.x[i])) || !usable(y.scaled(c.y[i]))) continue;
    cairo_arc(canvas.cairo(), x.at(c.x[i]), y.at(c.y[i]), 3, 0, 6.2832);
    cairo_fill(canvas.cairo());
  }
}

void draw_legend(const Canvas& canvas, const std::vector<Curve>& curves, double right_edge) {
  double x = right_edge;
  for (std::size_t i = curves.size(); i-- > 0;) {
    x -= canvas.text_width(curves[i].label, label_size);
    canvas.colour(ink);
    canvas.text(x, top - 14, curves[i].label, label_size, Align::left);
    canvas.colour(palette[i % std::size(palette)]);
    cairo_set_line_width(canvas.cairo(), 3);
    line(canvas, x - 28, top - 19, x - 6, top - 19);
    x -= 46;
  }
}

}  // namespace

Image plot_figure(const std::vector<Curve>& curves, const PlotText& text, int width, int height) {
  const Canvas canvas(width, height);
  Axis x = make_axis(curves, &Curve::x, text.logarithmic, 0.02, 10);
  Axis y = make_axis(curves, &Curve::y, text.logarithmic, 0.08, 6);
  x.from = left, x.to = width - right;
  y.from = height - bottom, y.to = top;
  draw_axes(canvas, x, y);
  for (std::size_t i = 0; i < curves.size(); ++i)
    draw_curve(canvas, curves[i], x, y, palette[i % std::size(palette)]);
  canvas.colour(ink);
  canvas.text(left, top - 14, text.title, title_size, Align::left);
  canvas.text((x.from + x.to) / 2, height - 14.0, text.x_label, label_size, Align::centre);
  cairo_save(canvas.cairo());
  cairo_translate(canvas.cairo(), 20, (y.from + y.to) / 2);
  cairo_rotate(canvas.cairo(), -1.5707963);
  canvas.text(0, 0, text.y_label, label_size, Align::centre);
  cairo_restore(canvas.cairo());
  draw_legend(canvas, curves, x.to);
  return canvas.image(3);
}

}  // namespace dcgan
