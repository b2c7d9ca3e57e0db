// A Cairo surface to draw figures on.
#pragma once
#include <cairo.h>

#include <memory>
#include <string>

#include "image/image.h"

namespace dcgan {

struct Colour {
  double red, green, blue;
};
constexpr Colour ink{0.13, 0.13, 0.13};
/// Okabe and Ito's, told apart by colour-blind readers too.
constexpr Colour palette[] = {{0.00, 0.45, 0.70}, {0.84, 0.37, 0.00}, {0.00, 0.62, 0.45},
                              {0.80, 0.47, 0.65}, {0.90, 0.62, 0.00}, {0.34, 0.71, 0.91}};

enum class Align { left, centre, right };

/// White, width x height pixels; the origin is the upper left corner.
class Canvas {
 public:
  Canvas(int width, int height);
  cairo_t* cairo() const { return context_.get(); }
  void colour(const Colour& c) const;
  /// Text on the baseline y, aligned at x.
  void text(double x, double y, const std::string& text, double size, Align align) const;
  double text_width(const std::string& text, double size) const;
  /// The picture with 1 channel (its red) or 3.
  Image image(int channels) const;

 private:
  std::unique_ptr<cairo_surface_t, void (*)(cairo_surface_t*)> surface_;
  std::unique_ptr<cairo_t, void (*)(cairo_t*)> context_;
};

}  // namespace dcgan
