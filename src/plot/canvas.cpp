// Cairo behind a few calls.
#include "plot/canvas.h"

#include "dcgan/error.h"

namespace dcgan {

Canvas::Canvas(int width, int height)
    : surface_(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height),
               cairo_surface_destroy),
      context_(cairo_create(surface_.get()), cairo_destroy) {
  if (cairo_status(context_.get()) != CAIRO_STATUS_SUCCESS)
    throw Error("a figure of " + std::to_string(width) + "x" + std::to_string(height) +
                " pixels cannot be drawn");
  // Grey antialiasing, so that a figure of grey images has no colour at the edges of its letters.
  cairo_font_options_t* options = cairo_font_options_create();
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  cairo_set_font_options(cairo(), options);
  cairo_font_options_destroy(options);
  cairo_select_font_face(cairo(), "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_source_rgb(cairo(), 1, 1, 1);
  cairo_paint(cairo());
  colour(ink);
}

void Canvas::colour(const Colour& c) const {
  cairo_set_source_rgb(cairo(), c.red, c.green, c.blue);
}

double Canvas::text_width(const std::string& text, double size) const {
  cairo_text_extents_t extents;
  cairo_set_font_size(cairo(), size);
  cairo_text_extents(cairo(), text.c_str(), &extents);
  return extents.x_advance;
}

void Canvas::text(double x, double y, const std::string& text, double size, Align align) const {
  const double width = text_width(text, size);
  const double shift = align == Align::left ? 0 : align == Align::centre ? width / 2 : width;
  cairo_move_to(cairo(), x - shift, y);
  cairo_show_text(cairo(), text.c_str());
}

Image Canvas::image(int channels) const {
  cairo_surface_flush(surface_.get());
  Image image;
  image.width = cairo_image_surface_get_width(surface_.get());
  image.height = cairo_image_surface_get_height(surface_.get());
  image.channels = channels;
  const unsigned char* data = cairo_image_surface_get_data(surface_.get());
  const int stride = cairo_image_surface_get_stride(surface_.get());
  for (int y = 0; y < image.height; ++y) {
    const auto* row = reinterpret_cast<const std::uint32_t*>(data + std::ptrdiff_t(y) * stride);
    for (int x = 0; x < image.width; ++x)
      for (int c = 0; c < channels; ++c)
        image.pixels.push_back(static_cast<std::uint8_t>(row[x] >> (16 - 8 * c)));
  }
  return image;
}

}  // namespace dcgan
