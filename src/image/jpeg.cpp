// Reads JPEG with libjpeg, which leaves on an error by longjmp: no object with a destructor may
// live in functions that it calls or is called from.
#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <cstdio>  // jpeglib.h needs these two before it
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <jpeglib.h>

#include <jerror.h>

#include "dcgan/error.h"
#include "image/decode.h"
#include "image/orientation.h"

namespace dcgan {
namespace {

struct JpegFailure : jpeg_error_mgr {
  std::jmp_buf back;
  char text[JMSG_LENGTH_MAX];
};

[[noreturn]] void fail(j_common_ptr jpeg) {
  auto* failure = static_cast<JpegFailure*>(jpeg->err);
  jpeg->err->format_message(jpeg, failure->text);
  std::longjmp(failure->back, 1);
}

/// libjpeg warns of missing or wrong data and fills in grey: an error here, unless the pixels are
/// complete.
void on_message(j_common_ptr jpeg, int level) {
  const int code = jpeg->err->msg_code;
  if (level < 0 && code != JWRN_EXTRANEOUS_DATA && code != JWRN_ADOBE_XFORM &&
      code != JWRN_NOT_SEQUENTIAL)
    fail(jpeg);
}

/// Each scan of a few bytes may touch every coefficient of the picture.
void limit_scans(j_common_ptr jpeg) {
  constexpr int most_scans = 100;  // ten are usual
  if (reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number <= most_scans) return;
  auto* failure = static_cast<JpegFailure*>(jpeg->err);
  std::snprintf(failure->text, sizeof failure->text, "more than %d scans", most_scans);
  std::longjmp(failure->back, 1);
}

void cmyk_to_rgb(const JSAMPLE* cmyk, std::size_t pixels, std::uint8_t* rgb) {
  constexpr int white = 255;
  for (; pixels > 0; --pixels, cmyk += 4, rgb += 3)
    for (int c = 0; c < 3; ++c)
      rgb[c] = static_cast<std::uint8_t>((cmyk[c] * cmyk[3] + white / 2) / white);
}

class JpegDecoder {
 public:
  JpegDecoder() {
    jpeg_.err = jpeg_std_error(&failure_);
    failure_.error_exit = fail;
    failure_.emit_message = on_message;
    progress_.progress_monitor = limit_scans;
  }
  ~JpegDecoder() { jpeg_destroy_decompress(&jpeg_); }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  Image decode(std::span<const std::uint8_t> file, const Decoding& how) {
    guarded([&] {
      jpeg_create_decompress(&jpeg_);
      jpeg_.progress = &progress_;
      if (how.upright) jpeg_save_markers(&jpeg_, exif_marker, 0xFFFF);
      jpeg_mem_src(&jpeg_, file.data(), static_cast<unsigned long>(file.size()));
      jpeg_read_header(&jpeg_, TRUE);
    });
    const int components = jpeg_.num_components;
    if (components != 1 && components != 3 && components != 4)
      throw Error("a JPEG of " + std::to_string(components) +
                  " components; save it again in RGB, or remove it");
    // Each block of the finest component takes a bit at least.
    check_size(jpeg_.image_width, jpeg_.image_height, file.size(), file.size() * 8 * DCTSIZE2);
    const JDIMENSION shorter = std::min(jpeg_.image_width, jpeg_.image_height);
    const auto least = static_cast<JDIMENSION>(how.least_side);
    jpeg_.scale_num = jpeg_.scale_denom = 1;
    while (least > 0 && jpeg_.scale_denom < 8 && shorter / (2 * jpeg_.scale_denom) >= least)
      jpeg_.scale_denom *= 2;
    guarded([&] { jpeg_calc_output_dimensions(&jpeg_); });
    const bool cmyk = components == 4;
    Image image = make_image(jpeg_.output_width, jpeg_.output_height, components == 1 ? 1 : 3);
    jpeg_.out_color_space = components == 1 ? JCS_GRAYSCALE : cmyk ? JCS_CMYK : JCS_RGB;
    std::vector<JSAMPLE> inks(cmyk ? std::size_t{4} * jpeg_.output_width : 0);
    const std::size_t row_bytes = std::size_t(image.width) * image.channels;
    guarded([&] {
      jpeg_start_decompress(&jpeg_);
      while (jpeg_.output_scanline < jpeg_.output_height) {
        std::uint8_t* pixels = image.pixels.data() + jpeg_.output_scanline * row_bytes;
        JSAMPROW row = cmyk ? inks.data() : pixels;
        jpeg_read_scanlines(&jpeg_, &row, 1);
        if (cmyk) cmyk_to_rgb(inks.data(), jpeg_.output_width, pixels);
      }
    });
    return turned_upright(std::move(image), orientation());
  }

 private:
  static constexpr int exif_marker = JPEG_APP0 + 1;

  /// As the first EXIF segment says, among those that were kept.
  int orientation() const {
    constexpr std::string_view name("Exif\0\0", 6);
    for (jpeg_saved_marker_ptr m = jpeg_.marker_list; m; m = m->next) {
      const std::span<const std::uint8_t> data(m->data, m->data_length);
      if (data.size() > name.size() && std::equal(name.begin(), name.end(), data.begin()))
        return exif_orientation(data.subspan(name.size()));
    }
    return 1;
  }

  template <class Calls>
  void guarded(Calls calls) {
    if (setjmp(failure_.back) != 0)
      throw Error(std::string("a damaged or unsupported JPEG (") + failure_.text +
                  "); save it again with another program, or remove it");
    calls();
  }

  JpegFailure failure_{};
  jpeg_progress_mgr progress_{};
  jpeg_decompress_struct jpeg_{};
};

}  // namespace

Image decode_jpeg(std::span<const std::uint8_t> file, const Decoding& how) {
  return JpegDecoder().decode(file, how);
}

}  // namespace dcgan
