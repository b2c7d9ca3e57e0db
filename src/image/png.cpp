// Reads PNG with libpng, which leaves on an error by longjmp: no object with a destructor may live
// in functions that it calls or is called from.
#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "dcgan/error.h"
#include "image/decode.h"
#include "image/orientation.h"

namespace dcgan {
namespace {

struct PngFailure {
  char text[128];
};

void on_error(png_structp png, png_const_charp message) {
  auto* failure = static_cast<PngFailure*>(png_get_error_ptr(png));
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

/// libpng takes as much memory as a chunk before the pixels claims to need, and reads it then.
void check_chunks(std::span<const std::uint8_t> file) {
  constexpr std::size_t signature_bytes = 8, frame_bytes = 12;
  for (std::size_t at = signature_bytes; at + frame_bytes <= file.size();) {
    const std::uint32_t bytes = png_get_uint_32(&file[at]);
    if (std::memcmp(&file[at + 4], "IDAT", 4) == 0) return;
    if (bytes > file.size() - at - frame_bytes)
      throw Error("a damaged PNG (a chunk is longer than the file); fetch it again, or remove it");
    at += frame_bytes + bytes;
  }
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

  Image decode(const Decoding& how) {
    check_chunks(rest_);
    const std::size_t file_bytes = rest_.size();
    int passes = 0;
    guarded([&] {
      png_set_read_fn(png_, &rest_, read_bytes);
      // Profiles and texts would be unpacked and kept: megabytes each, a thousand of them.
      png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
      if (how.upright)
        png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_AS_DEFAULT,
                                    reinterpret_cast<png_const_bytep>("eXIf"), 1);
      png_read_info(png_, info_);
    });
    check_size(png_get_image_width(png_, info_), png_get_image_height(png_, info_), file_bytes,
               most_pixels(file_bytes));
    guarded([&] {
      if (how.background >= 0) set_background(how.background);
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
    return turned_upright(std::move(image), orientation());
  }

 private:
  /// zlib unpacks a byte to no more than 1032.
  std::size_t most_pixels(std::size_t file_bytes) const {
    const std::size_t bits =
        std::size_t{png_get_bit_depth(png_, info_)} * png_get_channels(png_, info_);
    return file_bytes * 1032 * 8 / bits;
  }

  /// Samples are mixed as they are stored, without regard to gamma, as browsers do.
  void set_background(int level) {
    const auto sample = static_cast<png_uint_16>(level);
    const png_color_16 colour{0, sample, sample, sample, sample};
    png_set_background(png_, &colour, PNG_BACKGROUND_GAMMA_SCREEN, 0, 1.0);
  }

  /// As an eXIf chunk before the pixels says.
  int orientation() const {
    png_uint_32 size = 0;
    png_bytep exif = nullptr;
    if (!png_get_eXIf_1(png_, info_, &size, &exif)) return 1;
    return exif_orientation({exif, size});
  }

  template <class Calls>
  void guarded(Calls calls) {
    if (setjmp(png_jmpbuf(png_)) != 0)
      throw Error(std::string("a damaged PNG (") + failure_.text +
                  "); save it again with another program, or remove it");
    calls();
  }

  std::span<const std::uint8_t> rest_;
  PngFailure failure_{};
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

Image decode_png(std::span<const std::uint8_t> file, const Decoding& how) {
  return PngDecoder(file).decode(how);
}

}  // namespace dcgan
