// Damaged pictures are read or refused, and what memory held before changes nothing.
#include <gtest/gtest.h>
#include <malloc.h>

#include "damage.h"
#include "dcgan/error.h"
#include "image/image.h"
#include "picture_damage.h"
#include "picture_files.h"
#include "sanitized.h"

namespace dcgan::test {
namespace {

/// Its pixels, or why it is refused, where all memory that is given out or taken back is filled
/// with a byte. (Sanitizers have fillings of their own.)
std::string outcome(const std::string& file, int fill) {
  mallopt(M_PERTURB, fill);
  std::string result;
  try {
    const Image image =
        decode_image({reinterpret_cast<const std::uint8_t*>(file.data()), file.size()});
    result.assign(image.pixels.begin(), image.pixels.end());
    EXPECT_TRUE(image.channels == 1 || image.channels == 3);
    EXPECT_EQ(result.size(), std::size_t(image.width) * image.height * image.channels);
  } catch (const Error& e) {
    result = std::string("refused: ") + e.what();
    EXPECT_EQ(result.find('\n'), std::string::npos);
  }
  mallopt(M_PERTURB, 0);
  return result;
}

void expect_one_outcome(const std::string& file) {
  const std::string first = outcome(file, 0x55);
  for (const int fill : {0xAA, 0xFF, 0x01}) ASSERT_EQ(outcome(file, fill), first);
}

using namespace std::string_literals;

/// 64x64, baseline, one component; its scan names DC table 0 and AC table 0, and only the first is
/// defined.
std::string jpeg_without_ac_table() {
  return "\xFF\xD8"
         "\xFF\xDB\0\x43\0"s +
         std::string(64, 1) +
         "\xFF\xC0\0\x0B\x08\0\x40\0\x40\x01\x01\x11\0"
         "\xFF\xC4\0\x15\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x04"
         "\xFF\xDA\0\x08\x01\x01\0\0\x3F\0"s +
         std::string(600, 0x5A) + "\xFF\xD9"s;
}

TEST(DamagedPictures, AScanMayNameATableThatNothingDefines) {
  expect_one_outcome(jpeg_without_ac_table());
}

/// The first segment of that kind left out.
std::string without(std::string file, const std::string& marker) {
  const std::size_t at = file.find(marker);
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(file[at + i]); };
  return file.erase(at, 2U + (byte(2) << 8 | byte(3)));
}

TEST(DamagedPictures, JpegsWithoutOneOfTheirSegmentsAreReadOrRefused) {
  for (const bool progressive : {false, true}) {
    const std::string whole = jpeg_file(smooth_picture(37, 29), {.progressive = progressive});
    for (const char* marker :
         {"\xFF\xDB", "\xFF\xC4", "\xFF\xDA", progressive ? "\xFF\xC2" : "\xFF\xC0"})
      expect_one_outcome(without(whole, marker));
    EXPECT_NE(outcome(without(whole, "\xFF\xDB"), 1).find("uantization table"), std::string::npos);
  }
}

TEST(DamagedPictures, JpegsWithMoreHuffmanCodesThanATableHoldsAreRefused) {
  std::string file = jpeg_file(smooth_picture(37, 29));
  const std::size_t counts = file.find("\xFF\xC4") + 5;  // marker, length, class and number
  file[counts + 14] = file[counts + 15] = '\xFF';
  EXPECT_NE(outcome(file, 1).find("Huffman"), std::string::npos);
}

TEST(DamagedPictures, JpegsOfHundredsOfScansAreRefused) {
  const std::string whole = jpeg_file(smooth_picture(37, 29), {.separate_scans = true});
  const std::string last_scan = whole.substr(whole.rfind("\xFF\xDA"));
  const auto with_scans = [&](int more) {
    std::string file = whole.substr(0, whole.size() - 2);
    for (; more > 0; --more) file += last_scan.substr(0, last_scan.size() - 2);
    return file + "\xFF\xD9";
  };
  EXPECT_EQ(outcome(with_scans(90), 1), outcome(whole, 1));
  EXPECT_NE(outcome(with_scans(200), 1).find("scans"), std::string::npos);
}

TEST(DamagedPictures, NoPartOfAPictureCanBeCutOffUnnoticed) {
  for (const std::string& whole : every_kind_of_picture()) {
    // A JPEG ends with its last marker, a PNG with an empty chunk, without which it is still whole.
    const std::size_t end = whole.size() - (whole.starts_with("\xFF\xD8") ? 2 : 12);
    for (std::size_t size = 0; size < end; size += 1 + size / 16)
      EXPECT_TRUE(outcome(whole.substr(0, size), 1).starts_with("refused")) << size;
  }
}

constexpr int trials = sanitized ? 3'000 : 30'000;

TEST(DamagedPictures, NoWrongByteEndsTheProgram) {
  Damage damage(3);
  const std::vector<std::string> kinds = every_kind_of_picture();
  int refused = 0;
  for (int trial = 0; trial < trials; ++trial) {
    const std::string file = damage(kinds[static_cast<std::size_t>(trial) % kinds.size()]);
    const std::string first = outcome(file, 0x55);
    ASSERT_EQ(outcome(file, 0xAA), first) << "trial " << trial;
    refused += first.starts_with("refused");
  }
  EXPECT_GT(refused, trials / 4);
}

TEST(DamagedPictures, NoWrongSegmentOrChunkEndsTheProgram) {
  PictureDamage damage(4);
  const std::vector<std::string> kinds = every_kind_of_picture();
  int refused = 0;
  for (int trial = 0; trial < trials; ++trial) {
    const std::size_t n = static_cast<std::size_t>(trial);
    const std::string file = damage(kinds[n % kinds.size()], kinds[n / 7 % kinds.size()]);
    const std::string first = outcome(file, 0x55);
    ASSERT_EQ(outcome(file, 0xAA), first) << "trial " << trial;
    refused += first.starts_with("refused");
  }
  EXPECT_GT(refused, trials / 4);
  EXPECT_LT(refused, trials * 3 / 4);  // the others passed a whole decoder
}

}  // namespace
}  // namespace dcgan::test
