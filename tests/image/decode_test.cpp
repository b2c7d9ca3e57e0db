// Every kind of PNG and JPEG is read as it was written; what is too large is refused unread.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zlib.h>

#include <cmath>

#include "dcgan/error.h"
#include "image/image.h"
#include "io/atomic_file.h"
#include "picture_files.h"
#include "temporary_folder.h"

namespace dcgan::test {
namespace {

Image decode(const std::string& file, const Decoding& how = {}) {
  return decode_image({reinterpret_cast<const std::uint8_t*>(file.data()), file.size()}, how);
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
              png_file(13, 11, {colour_type, bits, interlaced, transparent_colour}, &picture),
              {.background = -1});
          EXPECT_EQ(back.width, picture.width);
          EXPECT_EQ(back.height, picture.height);
          EXPECT_EQ(back.channels, picture.channels);
          EXPECT_EQ(back.pixels, picture.pixels);
        }
}

TEST(Png, WhatIsTransparentShowsTheBackground) {
  const PngKind kinds[] = {{.colour_type = 4},
                           {.colour_type = 4, .bits = 16},
                           {.colour_type = 6},
                           {.colour_type = 6, .bits = 16, .interlaced = true},
                           {.colour_type = 0, .transparent_colour = true},
                           {.colour_type = 0, .bits = 1, .transparent_colour = true},
                           {.colour_type = 0, .bits = 4, .transparent_colour = true},
                           {.colour_type = 3, .transparent_colour = true},
                           {.colour_type = 3, .bits = 2, .transparent_colour = true}};
  for (const PngKind& kind : kinds)
    for (const int background : {255, 0, 90}) {
      SCOPED_TRACE(testing::Message() << "kind " << &kind - kinds << " on " << background);
      Image picture;
      std::vector<std::uint8_t> opacity;
      const Image back =
          decode(png_file(40, 30, kind, &picture, &opacity), {.background = background});
      ASSERT_EQ(back.pixels.size(), picture.pixels.size());
      ASSERT_EQ(back.pixels.size(), opacity.size() * picture.channels);
      int hidden = 0;  // the roundings of 16 bits to 8, of opacity and of the mixture add up
      for (std::size_t i = 0; i < back.pixels.size(); ++i) {
        const double alpha = opacity[i / picture.channels] / 255.0;
        EXPECT_NEAR(back.pixels[i], alpha * picture.pixels[i] + (1 - alpha) * background, 1.6);
        hidden += alpha == 0;
      }
      EXPECT_GT(hidden, 0);
    }
}

// What EXIF says of each orientation: where the stored first row and first column are to be seen.
TEST(Decode, PicturesAreTurnedAsExifSays) {
  const TemporaryFolder folder;
  write_png(folder.path("stored.png"), {3, 2, 1, {1, 2, 3, 4, 5, 6}});
  const std::string stored = read_file(folder.path("stored.png"));
  const std::vector<std::vector<std::uint8_t>> upright = {
      {1, 2, 3, 4, 5, 6},  // 1: top, left
      {3, 2, 1, 6, 5, 4},  // 2: top, right
      {6, 5, 4, 3, 2, 1},  // 3: bottom, right
      {4, 5, 6, 1, 2, 3},  // 4: bottom, left
      {1, 4, 2, 5, 3, 6},  // 5: left, top
      {4, 1, 5, 2, 6, 3},  // 6: right, top
      {6, 3, 5, 2, 4, 1},  // 7: right, bottom
      {3, 6, 2, 5, 1, 4},  // 8: left, bottom
  };
  for (int orientation = 0; orientation <= 9; ++orientation)
    for (const bool big_endian : {true, false}) {
      SCOPED_TRACE(testing::Message() << orientation << " big " << big_endian);
      const std::string file = with_orientation(stored, orientation, big_endian);
      const int known = orientation >= 1 && orientation <= 8 ? orientation : 1;
      const Image picture = decode(file);
      EXPECT_EQ(picture.width, known >= 5 ? 2 : 3);
      EXPECT_EQ(picture.height, known >= 5 ? 3 : 2);
      EXPECT_EQ(picture.pixels, upright[static_cast<std::size_t>(known) - 1]);
      EXPECT_EQ(decode(file, {.upright = false}).pixels, upright[0]);
    }
}

TEST(Jpeg, APictureIsTurnedAsExifSays) {
  const std::string stored = jpeg_file(smooth_picture(37, 29));
  const Image flat = decode(stored), turned = decode(with_orientation(stored, 6));
  ASSERT_EQ(turned.width, 29);
  ASSERT_EQ(turned.height, 37);
  for (std::size_t y = 0; y < 37; ++y)
    for (std::size_t x = 0; x < 29; ++x)
      for (std::size_t c = 0; c < 3; ++c)
        ASSERT_EQ(turned.pixels[(y * 29 + x) * 3 + c], flat.pixels[((28 - x) * 37 + y) * 3 + c]);
  EXPECT_EQ(decode(with_orientation(stored, 6), {.upright = false}).pixels, flat.pixels);
}

TEST(Decode, DamagedExifLeavesThePictureAsStoredOrTurnsIt) {
  const std::string stored = jpeg_file(smooth_picture(37, 29));
  const std::string file = with_orientation(stored, 3);
  const std::size_t more = file.size() - stored.size();
  for (std::size_t at = 12; at < 2 + more; ++at)
    for (const char byte : {'\0', '\1', '\x7F', '\xFF'}) {
      std::string damaged = file;
      damaged[at] = byte;
      EXPECT_EQ(decode(damaged).pixels.size(), 37U * 29 * 3);
    }
}

TEST(Jpeg, IsReducedToTheSmallestSizeThatIsStillLargeEnough) {
  for (const JpegKind& kind :
       {JpegKind{}, JpegKind{.components = 4}, JpegKind{.progressive = true}})
    for (const auto& [least_side, factor] : std::vector<std::pair<int, int>>{
             {0, 1}, {1, 8}, {37, 8}, {38, 4}, {75, 4}, {76, 2}, {150, 2}, {151, 1}, {900, 1}}) {
      SCOPED_TRACE(testing::Message() << "at least " << least_side);
      const Image back =
          decode(jpeg_file(smooth_picture(400, 300), kind), {.least_side = least_side});
      const Image reduced =
          smooth_picture((400 + factor - 1) / factor, (300 + factor - 1) / factor);
      ASSERT_EQ(back.width, reduced.width);
      ASSERT_EQ(back.height, reduced.height);
      EXPECT_LT(mean_difference(back, reduced), 3);
    }
}

TEST(Decode, ColoursBecomeGreyByTheirBrightness) {
  const TemporaryFolder folder;
  write_png(folder.path("x.png"), {4, 1, 3, {255, 0, 0, 0, 255, 0, 0, 0, 255, 90, 90, 90}});
  EXPECT_EQ(read_image(folder.path("x.png"), {.channels = 1}).pixels,
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

TEST(Decode, AFileThatClaimsMoreThanItCanHoldIsRefusedAndCostsNoMemory) {
  const long before = peak_mib();
  for (const unsigned size : {2048U, 4096U, 8192U})
    for (const std::string& file :
         {jpeg_that_claims(size, {}), jpeg_that_claims(size, {.progressive = true}),
          png_that_claims(size)})
      EXPECT_NE(reason(file).find("bytes cannot hold"), std::string::npos) << reason(file);
  EXPECT_LT(peak_mib() - before, 20);
}

TEST(Decode, PicturesThatPackBestAreNotTakenForLies) {
  constexpr int size = 2048;
  const Image flat{size, size, 3, std::vector<std::uint8_t>(std::size_t{3} * size * size, 255)};
  for (const bool progressive : {false, true})
    EXPECT_EQ(decode(jpeg_file(flat, {.progressive = progressive})).width, size);
  const TemporaryFolder folder;
  write_png(folder.path("flat.png"), flat);
  EXPECT_EQ(read_image(folder.path("flat.png")).pixels, flat.pixels);
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

// libpng would allocate first and find out later.
TEST(Decode, AChunkThatClaimsMoreThanTheFileHasIsRefusedBeforeItIsAllocated) {
  std::string file = with_orientation(png_file(37, 29, {}), 6);
  ASSERT_NO_THROW(decode(file));
  file[file.find("eXIf") - 4] = '\x40';  // a gibibyte
  EXPECT_NE(reason(file).find("longer than the file"), std::string::npos) << reason(file);
}

}  // namespace
}  // namespace dcgan::test
