// Reads PNG with libpng, which leaves on an error by longjmp: no object with a destructor may live
// in functions that it calls or is called from.
#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <new>
#include <string>

#include "dcgan/error.h"
#include "image/decode.h"

namespace dcgan {
namespace {

struct Failure {
  char text[128];
};

void on_error(png_structp png, png_const_charp message) {
  auto* failure = static_cast<Failure*>(png_get_error_ptr(png));
  std::snprintf(failure->text, sizeof failure->text, "%s", message);
  png_longjmp(png, 1);
}

/// libpng's warnings are about what does not change the pixels.
void on_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep out, std::size_t bytes) {
  auto& rest = *static_cast<std::span<const std::uint8_t>*>(png_get_io_ptr(png));
  if (bytes > rest.size()) png_error(png, "it is cut off");
  std::copy_n(rest.data(), bytes, out);
  rest = rest.subspan(bytes);
}

class PngDecoder {
 public:
  explicit PngDecoder(std::span<const std::uint8_t> file) : rest_(file) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &failure_, on_error, on_warning);
    info_ = png_ ? png_create_info_struct(png_) : nullptr;
    if (!info_) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      throw std::bad_alloc();
    }
  }
  ~PngDecoder() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;

  Image decode() {
    int passes = 0;
    guarded([&] {
      png_set_read_fn(png_, &rest_, read_bytes);
      // Profiles and texts would be unpacked and kept: megabytes each, a thousand of them.
      png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
      png_read_info(png_, info_);
      png_set_expand(png_);  // palettes to RGB, fewer bits to 8
      png_set_scale_16(png_);
      png_set_strip_alpha(png_);
      passes = png_set_interlace_handling(png_);
      png_read_update_info(png_, info_);
    });
    Image image = make_image(png_get_image_width(png_, info_), png_get_image_height(png_, info_),
                             png_get_channels(png_, info_));
    const std::size_t row_bytes = std::size_t(image.width) * image.channels;
    if (png_get_rowbytes(png_, info_) != row_bytes)
      throw Error("a PNG of an unknown kind; save it again as RGB, or remove it");
    guarded([&] {
      for (; passes > 0; --passes)
        for (int y = 0; y < image.height; ++y)
          png_read_row(png_, image.pixels.data() + y * row_bytes, nullptr);
    });
    return image;
  }

 private:
  template <class Calls>
  void guarded(Calls calls) {
    if (setjmp(png_jmpbuf(png_)) != 0)
      throw Error(std::string("a damaged PNG (") + failure_.text +
                  "); save it again with another program, or remove it");
    calls();
  }

  std::span<const std::uint8_t> rest_;
  Failure failure_{};
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

Image decode_png(std::span<const std::uint8_t> file) { return PngDecoder(file).decode(); }

}  // namespace dcgan
