// Pictures of every kind that is read, as files in memory, written by the formats' own libraries.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "image/image.h"

namespace dcgan::test {

struct JpegKind {
  int components = 3;  ///< 1, 3, or 4: CMYK, of which the picture's colours are the first three
  int black = 255;     ///< the fourth, in Adobe's sense: 255 is no ink
  bool luma = true;    ///< stored as YCbCr or YCCK
  bool progressive = false;
  bool arithmetic = false;
  bool separate_scans = false;  ///< one for each of 3 components
  int restart_interval = 0;     ///< in blocks
  int across = 2, down = 2;     ///< luma samples per chroma sample
};

/// The picture, of 3 channels (for one component its red), compressed nearly without loss.
std::string jpeg_file(const Image& picture, const JpegKind& kind = {});

struct PngKind {
  int colour_type =
      2;  ///< as the format numbers them: 0 grey, 2 RGB, 3 palette, 4 and 6 with alpha
  int bits = 8;
  bool interlaced = false;
  bool transparent_colour = false;  ///< a tRNS chunk
  bool text = false;                ///< one of a mebibyte, packed
};

/// Pixels of all values, drawn by a fixed rule; `expected` are their colours, whether they show or
/// not, and `opacity` is how much they do, from 0 to 255.
std::string png_file(int width, int height, const PngKind& kind, Image* expected = nullptr,
                     std::vector<std::uint8_t>* opacity = nullptr);

/// A copy of a PNG or JPEG that notes this orientation in EXIF.
std::string with_orientation(const std::string& file, int orientation, bool big_endian = true);

/// One small file of each kind, JPEG and PNG.
std::vector<std::string> every_kind_of_picture();

/// A picture without sharp edges, in which no two directions and no two channels are alike.
Image smooth_picture(int width, int height);

}  // namespace dcgan::test
