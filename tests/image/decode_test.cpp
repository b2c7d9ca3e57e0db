// Every kind of PNG and JPEG is read as it was written; what is too large is refused unread.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zlib.h>

#include <cmath>

#include "dcgan/error.h"
#include "image/image.h"
#include "picture_files.h"
#include "sanitized.h"
#include "temporary_folder.h"

namespace dcgan::test {
namespace {

Image decode(const std::string& file, int channels = 0) {
  return decode_image({reinterpret_cast<const std::uint8_t*>(file.data()), file.size()}, channels);
}

std::string reason(const std::string& file) {
  try {
    decode(file);
  } catch (const Error& e) {
    return e.what();
  }
  return "was read";
}

double mean_difference(const Image& a, const Image& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(a.pixels[i] - b.pixels[i]);
  return sum / static_cast<double>(a.pixels.size());
}

/// The picture's channel c as grey.
Image channel(const Image& picture, std::size_t c) {
  Image out{picture.width, picture.height, 1, {}};
  for (; c < picture.pixels.size(); c += 3) out.pixels.push_back(picture.pixels[c]);
  return out;
}

TEST(Jpeg, EveryKindIsReadAsItWasWritten) {
  const Image picture = smooth_picture(37, 29);
  const JpegKind kinds[] = {{},
                            {.luma = false, .across = 1, .down = 1},
                            {.progressive = true},
                            {.arithmetic = true},
                            {.progressive = true, .arithmetic = true},
                            {.separate_scans = true},
                            {.restart_interval = 1},
                            {.across = 1, .down = 1},
                            {.across = 4},
                            {.components = 4},
                            {.components = 4, .luma = false},
                            {.components = 4, .progressive = true}};
  for (const JpegKind& kind : kinds) {
    SCOPED_TRACE(testing::Message() << "kind " << &kind - kinds);
    const Image back = decode(jpeg_file(picture, kind));
    ASSERT_EQ(back.width, picture.width);
    ASSERT_EQ(back.height, picture.height);
    ASSERT_EQ(back.channels, 3);
    EXPECT_LT(mean_difference(back, picture), 3);
  }
  for (const bool progressive : {false, true}) {
    const Image back = decode(jpeg_file(picture, {.components = 1, .progressive = progressive}));
    ASSERT_EQ(back.channels, 1);
    EXPECT_LT(mean_difference(back, channel(picture, 0)), 2);
  }
}

TEST(Jpeg, BlackInkDarkensAllColours) {
  const Image picture = smooth_picture(37, 29);
  Image darker = picture;
  for (std::uint8_t& value : darker.pixels) value = static_cast<std::uint8_t>(value * 100 / 255);
  EXPECT_LT(mean_difference(decode(jpeg_file(picture, {.components = 4, .black = 100})), darker),
            2);
}

TEST(Png, EveryKindIsReadAsItWasWritten) {
  for (const int colour_type : {0, 2, 3, 4, 6})
    for (const int bits : {1, 2, 4, 8, 16})
      for (const bool interlaced : {false, true})
        for (const bool transparent_colour : {false, true}) {
          const bool palette = colour_type == 3;
          if ((bits < 8 && colour_type != 0 && !palette) || (bits == 16 && palette)) continue;
          if (transparent_colour && colour_type >= 4) continue;
          SCOPED_TRACE(testing::Message()
                       << "colour type " << colour_type << ", " << bits << " bits, interlaced "
                       << interlaced << ", transparent colour " << transparent_colour);
          Image picture;
          const Image back = decode(
              png_file(13, 11, {colour_type, bits, interlaced, transparent_colour}, &picture));
          EXPECT_EQ(back.width, picture.width);
          EXPECT_EQ(back.height, picture.height);
          EXPECT_EQ(back.channels, picture.channels);
          EXPECT_EQ(back.pixels, picture.pixels);
        }
}

TEST(Decode, ColoursBecomeGreyByTheirBrightness) {
  const TemporaryFolder folder;
  write_png(folder.path("x.png"), {4, 1, 3, {255, 0, 0, 0, 255, 0, 0, 0, 255, 90, 90, 90}});
  EXPECT_EQ(read_image(folder.path("x.png"), 1).pixels,
            (std::vector<std::uint8_t>{76, 150, 29, 90}));
}

/// The file with a header that claims this many pixels in each direction.
std::string jpeg_that_claims(unsigned size, const JpegKind& kind) {
  std::string file = jpeg_file(smooth_picture(37, 29), kind);
  const std::size_t height_at = file.find(kind.progressive ? "\xFF\xC2" : "\xFF\xC0") + 5;
  for (const std::size_t at : {height_at, height_at + 2}) {
    file[at] = static_cast<char>(size >> 8);
    file[at + 1] = static_cast<char>(size);
  }
  return file;
}

std::string png_that_claims(unsigned size) {
  std::string file = png_file(37, 29, {});
  constexpr std::size_t header_at = 12, header_bytes = 17;
  const auto write = [&](std::size_t at, std::size_t number) {
    for (std::size_t i = 0; i < 4; ++i) file[at + i] = static_cast<char>(number >> (24 - 8 * i));
  };
  write(header_at + 4, size);
  write(header_at + 8, size);
  write(header_at + header_bytes,
        crc32(0, reinterpret_cast<const Bytef*>(file.data()) + header_at, header_bytes));
  return file;
}

/// The peak memory of this process, in MiB.
long peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss >> 10;
}

TEST(Decode, PicturesBeyond64MegapixelsAreRefusedByTheirSizeAndCostNoMemory) {
  const long before = peak_mib();
  for (const std::string& file :
       {jpeg_that_claims(16384, {}), jpeg_that_claims(16384, {.progressive = true}),
        png_that_claims(16384)})
    EXPECT_NE(reason(file).find("16384x16384 pixels"), std::string::npos) << reason(file);
  EXPECT_LT(peak_mib() - before, 50);
}

TEST(Decode, AHeaderThatLiesWithinTheLimitCostsNoMoreThanThePictureItClaims) {
  const long before = peak_mib();
  constexpr unsigned size = 4096;
  constexpr long picture_mib = 3 * size * size >> 20;
  for (const std::string& file :
       {jpeg_that_claims(size, {}), jpeg_that_claims(size, {.progressive = true}),
        png_that_claims(size)})
    EXPECT_NE(reason(file).find("damaged"), std::string::npos) << reason(file);
  if (sanitized) return;  // AddressSanitizer keeps what is freed for a while
  EXPECT_LT(peak_mib() - before, 3 * picture_mib);  // a progressive one's coefficients take twice
}

TEST(Decode, TextsInAPngAreNotUnpacked) {
  std::string file = png_file(37, 29, {.text = true});
  const std::size_t begin = file.find("zTXt") - 4, end = file.find("IDAT") - 4;
  const std::string text = file.substr(begin, end - begin);
  for (int copies = 0; copies < 200; ++copies) file.insert(begin, text);
  ASSERT_LT(file.size(), std::size_t{1} << 20);
  const long before = peak_mib();
  EXPECT_EQ(decode(file).width, 37);
  EXPECT_LT(peak_mib() - before, 50);
}

}  // namespace
}  // namespace dcgan::test
