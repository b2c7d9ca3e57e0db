// Draws the bars with Cairo.
#include "bench/share_plot.h"

#include <algorithm>
#include <cstdio>

#include "image/image.h"
#include "plot/canvas.h"

namespace dcgan::bench {
namespace {

constexpr Colour grid{0.85, 0.85, 0.85};
constexpr double bar = 9, gap = 6, top = 64, bottom = 24, right = 64, size = 11;
constexpr double axis_width = 480;

/// The ops, or the implementations, each once and in order of appearance.
template <class Get>
std::vector<std::string> distinct(const std::vector<Share>& shares, Get get) {
  std::vector<std::string> names;
  for (const Share& s : shares)
    if (std::find(names.begin(), names.end(), get(s)) == names.end()) names.push_back(get(s));
  return names;
}

}  // namespace

void plot_shares(const std::string& path, const std::vector<Share>& shares,
                 const std::string& title) {
  const auto ops = distinct(shares, [](const Share& s) { return s.op; });
  const auto all = distinct(shares, [](const Share& s) { return s.who; });
  const Canvas ruler(8, 8);
  double left = 0;
  for (const std::string& op : ops) left = std::max(left, ruler.text_width(op, size) + 24);
  double largest = 1;
  for (const Share& s : shares) largest = std::max(largest, s.share);
  const double height = top + bottom + bar * static_cast<double>(shares.size()) +
                        gap * static_cast<double>(ops.size());

  const Canvas canvas(static_cast<int>(left + axis_width + right), static_cast<int>(height));
  cairo_t* c = canvas.cairo();
  const auto at = [&](double share) { return left + share / largest * axis_width; };
  canvas.colour(ink);
  canvas.text(12, 20, "Share of the device's limit", 15, Align::left);
  canvas.text(12, 38, title, size, Align::left);
  for (int percent = 0; percent <= largest * 100; percent += 20) {
    canvas.colour(grid);
    cairo_rectangle(c, at(percent / 100.0), top, 1, height - top - bottom);
    cairo_fill(c);
    canvas.colour(ink);
    canvas.text(at(percent / 100.0), height - 8, std::to_string(percent) + " %", size,
                Align::centre);
  }
  double legend = left;
  const auto colour_of = [&](const std::string& who) {
    const auto index = std::find(all.begin(), all.end(), who) - all.begin();
    return palette[static_cast<std::size_t>(index) % std::size(palette)];
  };
  for (const std::string& who : all) {
    canvas.colour(colour_of(who));
    cairo_rectangle(c, legend, top - 16, 10, 10);
    cairo_fill(c);
    canvas.colour(ink);
    canvas.text(legend + 14, top - 7, who, size, Align::left);
    legend += 30 + canvas.text_width(who, size);
  }
  double y = top;
  for (const std::string& op : ops) {
    canvas.colour(ink);
    canvas.text(left - 8, y + bar, op, size, Align::right);
    for (const Share& s : shares) {
      if (s.op != op) continue;
      canvas.colour(colour_of(s.who));
      cairo_rectangle(c, left, y, at(s.share) - left, bar - 1);
      cairo_fill(c);
      char text[16];
      std::snprintf(text, sizeof text, "%.0f", s.share * 100);
      canvas.colour(ink);
      canvas.text(at(s.share) + 3, y + bar - 1, text, 9, Align::left);
      y += bar;
    }
    y += gap;
  }
  write_png(path, canvas.image(3));
}

}  // namespace dcgan::bench
