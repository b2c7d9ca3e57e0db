#include "picture_files.h"

#include <png.h>
#include <zlib.h>

#include <cstddef>
#include <cstdio>  // jpeglib.h needs these two before it
#include <cstdlib>

#include <jpeglib.h>

namespace dcgan::test {

std::string jpeg_file(const Image& picture, const JpegKind& kind) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &bytes, &size);
  jpeg.image_width = static_cast<JDIMENSION>(picture.width);
  jpeg.image_height = static_cast<JDIMENSION>(picture.height);
  jpeg.input_components = kind.components;
  jpeg.in_color_space = kind.components == 1   ? JCS_GRAYSCALE
                        : kind.components == 3 ? JCS_RGB
                                               : JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  if (kind.components == 3) jpeg_set_colorspace(&jpeg, kind.luma ? JCS_YCbCr : JCS_RGB);
  if (kind.components == 4) jpeg_set_colorspace(&jpeg, kind.luma ? JCS_YCCK : JCS_CMYK);
  constexpr int nearly_lossless = 98;
  jpeg_set_quality(&jpeg, nearly_lossless, TRUE);
  if (kind.progressive) jpeg_simple_progression(&jpeg);
  const jpeg_scan_info scans[] = {{1, {0}, 0, DCTSIZE2 - 1, 0, 0},
                                  {1, {1}, 0, DCTSIZE2 - 1, 0, 0},
                                  {1, {2}, 0, DCTSIZE2 - 1, 0, 0}};
  if (kind.separate_scans) {
    jpeg.scan_info = scans;
    jpeg.num_scans = 3;
  }
  jpeg.arith_code = kind.arithmetic;
  jpeg.restart_interval = static_cast<unsigned>(kind.restart_interval);
  jpeg.comp_info[0].h_samp_factor = kind.across;
  jpeg.comp_info[0].v_samp_factor = kind.down;
  jpeg_start_compress(&jpeg, TRUE);
  for (int y = 0; y < picture.height; ++y) {
    std::vector<JSAMPLE> row;
    for (int x = 0; x < picture.width; ++x)
      for (int c = 0; c < kind.components; ++c)
        row.push_back(static_cast<JSAMPLE>(
            c == 3 ? kind.black : picture.pixels[(std::size_t(y) * picture.width + x) * 3 + c]));
    JSAMPROW rows = row.data();
    jpeg_write_scanlines(&jpeg, &rows, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::string file(reinterpret_cast<const char*>(bytes), size);
  std::free(bytes);
  return file;
}

std::string png_file(int width, int height, const PngKind& kind, Image* expected,
                     std::vector<std::uint8_t>* opacity) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  std::string file;
  png_set_write_fn(
      png, &file,
      [](png_structp to, png_bytep data, std::size_t size) {
        static_cast<std::string*>(png_get_io_ptr(to))
            ->append(reinterpret_cast<const char*>(data), size);
      },
      nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height),
               kind.bits, kind.colour_type,
               kind.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, 0, 0);
  const bool palette = kind.colour_type == PNG_COLOR_TYPE_PALETTE;
  const bool colour = kind.colour_type & PNG_COLOR_MASK_COLOR;
  const bool alpha = kind.colour_type & PNG_COLOR_MASK_ALPHA;
  const int channels = palette ? 1 : (colour ? 3 : 1) + alpha;
  const unsigned most = (1U << kind.bits) - 1;
  std::vector<png_color> colours;
  for (unsigned i = 0; palette && i <= most; ++i)
    colours.push_back({static_cast<png_byte>(i * 37 + 1), static_cast<png_byte>(i * 91 + 2),
                       static_cast<png_byte>(255 - i)});
  if (palette) png_set_PLTE(png, info, colours.data(), static_cast<int>(colours.size()));
  if (kind.transparent_colour) {
    const png_byte opacities[] = {0, 100};
    const png_color_16 transparent{0, 1, 1, 1, 1};
    png_set_tRNS(png, info, opacities, palette ? 2 : 1, palette ? nullptr : &transparent);
  }
  if (kind.text) {
    std::string content(1 << 20, ' ');
    char key[] = "Comment";
    png_text text{};
    text.compression = PNG_TEXT_COMPRESSION_zTXt;
    text.key = key;
    text.text = content.data();
    png_set_text(png, info, &text, 1);
  }
  Image image{width, height, colour ? 3 : 1, {}};
  std::vector<std::vector<png_byte>> rows(
      static_cast<std::size_t>(height),
      std::vector<png_byte>((std::size_t(width) * channels * kind.bits + 7) / 8));
  unsigned value = 1;
  bool all_ones = true;  // so far, the samples of this pixel
  for (auto& row : rows)
    for (int i = 0; i < width * channels; ++i) {
      value = value * 1664525 + 1013904223;
      const unsigned sample = (value >> 8) & most;
      const std::size_t bit = std::size_t(i) * kind.bits;
      if (kind.bits == 16) {
        row[bit / 8] = static_cast<png_byte>(sample >> 8);
        row[bit / 8 + 1] = static_cast<png_byte>(sample);
      } else {
        row[bit / 8] |= static_cast<png_byte>(sample << (8 - kind.bits - bit % 8));
      }
      all_ones = (i % channels == 0 || all_ones) && sample == 1;
      if (opacity && i % channels == channels - 1) {
        const unsigned of_colour = kind.transparent_colour && all_ones ? 0 : 255;
        const unsigned of_index = sample < 2 ? sample * 100 : 255;
        opacity->push_back(static_cast<std::uint8_t>(alpha ? (sample * 255 + most / 2) / most
                                                     : palette && kind.transparent_colour
                                                         ? of_index
                                                         : of_colour));
      }
      if (palette)
        image.pixels.insert(image.pixels.end(),
                            {colours[sample].red, colours[sample].green, colours[sample].blue});
      else if (!alpha || i % channels != channels - 1)
        image.pixels.push_back(static_cast<std::uint8_t>((sample * 255 + most / 2) / most));
    }
  std::vector<png_bytep> starts;
  for (auto& row : rows) starts.push_back(row.data());
  png_write_info(png, info);
  png_write_image(png, starts.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  if (expected) *expected = std::move(image);
  return file;
}

std::string with_orientation(const std::string& file, int orientation, bool big_endian) {
  const auto number = [&](unsigned value, unsigned bytes, bool big) {
    std::string text;
    for (unsigned i = 0; i < bytes; ++i)
      text += static_cast<char>(value >> 8 * (big ? bytes - 1 - i : i));
    return text;
  };
  const auto tiff_number = [&](unsigned value, unsigned bytes) {
    return number(value, bytes, big_endian);
  };
  constexpr unsigned width_tag = 0x0100, orientation_tag = 0x0112, short_type = 3;
  std::string tiff = big_endian ? "MM" : "II";
  tiff += tiff_number(42, 2) + tiff_number(8, 4) + tiff_number(2, 2);
  tiff += tiff_number(width_tag, 2) + tiff_number(short_type, 2) + tiff_number(1, 4) +
          tiff_number(3, 2) + tiff_number(0, 2);
  tiff += tiff_number(orientation_tag, 2) + tiff_number(short_type, 2) + tiff_number(1, 4) +
          tiff_number(static_cast<unsigned>(orientation), 2) + tiff_number(0, 2);
  tiff += tiff_number(0, 4);
  std::string copy = file;
  if (file.starts_with("\xFF\xD8")) {
    const std::string data = std::string("Exif\0\0", 6) + tiff;
    return copy.insert(2,
                       "\xFF\xE1" + number(static_cast<unsigned>(data.size()) + 2, 2, true) + data);
  }
  const std::string data = "eXIf" + tiff;
  const auto sum = static_cast<unsigned>(
      crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size())));
  constexpr std::size_t after_header = 33;
  return copy.insert(after_header, number(static_cast<unsigned>(tiff.size()), 4, true) + data +
                                       number(sum, 4, true));
}

Image smooth_picture(int width, int height) {
  Image image{width, height, 3, {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (const int value :
           {40 + 160 * x / width, 220 - 180 * y / height, 60 + 70 * x / width + 70 * y / height})
        image.pixels.push_back(static_cast<std::uint8_t>(value));
  return image;
}

std::vector<std::string> every_kind_of_picture() {
  const Image picture = smooth_picture(37, 29);
  std::vector<std::string> files;
  for (const JpegKind& kind :
       {JpegKind{}, JpegKind{.components = 1}, JpegKind{.luma = false, .across = 1, .down = 1},
        JpegKind{.components = 4, .luma = false}, JpegKind{.components = 4, .restart_interval = 2},
        JpegKind{.progressive = true}, JpegKind{.components = 1, .progressive = true},
        JpegKind{.arithmetic = true}, JpegKind{.progressive = true, .arithmetic = true},
        JpegKind{.separate_scans = true}, JpegKind{.restart_interval = 1}, JpegKind{.across = 4}})
    files.push_back(jpeg_file(picture, kind));
  for (const PngKind& kind :
       {PngKind{}, PngKind{.colour_type = 0}, PngKind{.colour_type = 0, .bits = 1},
        PngKind{.colour_type = 3}, PngKind{.colour_type = 3, .bits = 2, .interlaced = true},
        PngKind{.colour_type = 3, .bits = 4, .transparent_colour = true},
        PngKind{.colour_type = 4, .interlaced = true}, PngKind{.bits = 16, .interlaced = true},
        PngKind{.colour_type = 6, .bits = 16}, PngKind{.transparent_colour = true},
        PngKind{.colour_type = 0, .bits = 2, .transparent_colour = true}})
    files.push_back(png_file(37, 29, kind));
  for (const std::string& file : {files.front(), files.back()})
    for (const bool big_endian : {false, true})
      files.push_back(with_orientation(file, 6, big_endian));
  return files;
}

}  // namespace dcgan::test
