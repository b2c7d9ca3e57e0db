// IDX files, plain and gzipped: whole ones, and ones damaged in every way.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <functional>

#include "damage.h"
#include "dcgan/dataset.h"
#include "dcgan/error.h"
#include "idx_files.h"
#include "sanitized.h"
#include "temporary_folder.h"

namespace dcgan::test {
namespace {

class Idx : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& content) { folder.write(name, content); }
  Dataset read() { return read_idx_dataset(folder.path(".")); }
  /// What read() says, which must name the file.
  std::string refusal(const std::string& file) {
    try {
      read();
    } catch (const Error& e) {
      const std::string what = e.what();
      EXPECT_NE(what.find(file), std::string::npos) << what;
      EXPECT_EQ(what.find('\n'), std::string::npos) << what;
      return what;
    }
    ADD_FAILURE() << "was read";
    return "";
  }
  std::string images_refused(const std::string& content) {
    write(images_file, content);
    return refusal(images_file);
  }
  std::string labels_refused(const std::string& content) {
    write(labels_file, content);
    return refusal(labels_file);
  }

  TemporaryFolder folder;
};

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(Idx, ReadsPlainFiles) {
  write(images_file, idx(0x0803, {2, 2, 3}, "abcdefghijkl"));
  write(labels_file, idx(0x0801, {2}, std::string("\x09\x00", 2)));
  const Dataset data = read();
  EXPECT_EQ(data.count, 2);
  EXPECT_EQ(data.height, 2);
  EXPECT_EQ(data.width, 3);
  EXPECT_EQ(data.channels, 1);
  EXPECT_EQ(std::string(data.pixels.begin(), data.pixels.end()), "abcdefghijkl");
  EXPECT_EQ(*data.image(1), 'g');
  EXPECT_EQ(data.labels, (std::vector<std::uint8_t>{9, 0}));
  EXPECT_TRUE(data.label_names.empty());
}

TEST_F(Idx, ReadsGzippedFilesToTheSameBytes) {
  write(images_file, idx_images(5, 28, 28));
  const std::vector<std::uint8_t> plain = read().pixels;
  std::filesystem::remove(folder.path(images_file));
  write_idx_dataset(folder.path("."), 5);
  const Dataset zipped = read();
  EXPECT_EQ(zipped.pixels, plain);
  EXPECT_EQ(zipped.labels.size(), 5U);
}

TEST_F(Idx, LabelsMayBeAbsent) {
  write(images_file, idx_images(3, 28, 28));
  EXPECT_TRUE(read().labels.empty());
}

std::uint32_t checksum(const std::string& file) {
  return static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(file.data()), static_cast<uInt>(file.size())));
}

/// The file with another end, of four bytes, that gives it this checksum. A CRC changes by the sum
/// of what each changed bit changes: 32 equations in GF(2).
std::string with_checksum(std::string file, std::uint32_t wanted) {
  const std::size_t end = file.size() - 4;
  file.replace(end, 4, 4, '\0');
  const std::uint32_t zero = checksum(file);
  struct Row {
    std::uint32_t effect = 0, bits = 0;
  };
  Row pivots[32];  // by their effect's highest bit
  const auto reduce = [&](Row& row) {
    for (unsigned bit = 32; bit-- > 0;)
      if (row.effect >> bit & 1) {
        if (pivots[bit].effect == 0) return static_cast<int>(bit);
        row = {row.effect ^ pivots[bit].effect, row.bits ^ pivots[bit].bits};
      }
    return -1;
  };
  for (unsigned i = 0; i < 32; ++i) {
    std::string one = file;
    one[end + i / 8] = static_cast<char>(1 << i % 8);
    Row row{checksum(one) ^ zero, 1U << i};
    const int pivot = reduce(row);
    if (pivot >= 0) pivots[pivot] = row;
  }
  Row rest{wanted ^ zero, 0};
  reduce(rest);
  for (unsigned i = 0; i < 32; ++i)
    if (rest.bits >> i & 1) file[end + i / 8] ^= static_cast<char>(1 << i % 8);
  EXPECT_EQ(checksum(file), wanted);
  return file;
}

TEST_F(Idx, ContentsTellMnistFromFashionMnistWhereverTheyLie) {
  constexpr std::uint32_t mnist = 0xE9F4D8B3, mnist_labels = 0xE0CB4AD2;
  constexpr std::uint32_t fashion = 0xB4F29F28, fashion_labels = 0x741A4657;
  const std::string images = idx_images(9, 28, 28), labels = idx_labels(9);
  const std::string tenth = "Ankle boot";
  struct Case {
    std::string folder, name;
    std::uint32_t images, labels;
    std::string ninth;
  };
  for (const Case& c : {Case{"fashion-mnist", "MNIST", mnist, mnist_labels, "9"},
                        Case{"mnist-gan", "Fashion-MNIST", fashion, fashion_labels, tenth},
                        Case{"mnist", "mnist", fashion + 1, fashion_labels, ""},
                        Case{"mine", "MNIST", mnist, fashion_labels, ""}}) {
    SCOPED_TRACE(c.folder);
    for (const bool zipped : {false, true}) {
      std::filesystem::remove_all(folder.path(c.folder));
      std::filesystem::create_directory(folder.path(c.folder));
      const std::string end = zipped ? ".gz" : "";
      const auto packed = [&](const std::string& file) { return zipped ? gzipped(file) : file; };
      write(c.folder + "/" + images_file + end, packed(with_checksum(images, c.images)));
      write(c.folder + "/" + labels_file + end, packed(with_checksum(labels, c.labels)));
      const Dataset data = read_idx_dataset(folder.path(c.folder) + "/");
      EXPECT_EQ(data.name, c.name);
      EXPECT_EQ(data.label_names.empty() ? "" : data.label_names.at(9), c.ninth);
      EXPECT_EQ(data.labels.size(), 9U);
    }
  }
}

TEST_F(Idx, DebiansPackageIsKnown) {
  const char* const place = "/usr/share/datasets/fashion-mnist";
  if (!std::filesystem::exists(place)) GTEST_SKIP() << place << " is not there";
  const Dataset data = read_idx_dataset(place);
  EXPECT_EQ(data.name, "Fashion-MNIST");
  EXPECT_EQ(data.count, 60000);
  EXPECT_EQ(data.label_names.at(0), "T-shirt/top");
  const std::string test_images = std::string(place) + "/t10k-images-idx3-ubyte.gz";
  for (const Dataset& test :
       {read_idx_dataset(test_images), read_idx_dataset(place, Split::test)}) {
    EXPECT_EQ(test.name, "Fashion-MNIST (test images)");
    EXPECT_EQ(test.count, 10000);
    EXPECT_EQ(test.label_names.size(), 10U);
  }
}

TEST_F(Idx, FilesAreFoundUnderTheNamesAndInTheFoldersTheyComeIn) {
  struct Case {
    std::string images, labels;
  };
  for (const Case& c : {Case{"train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
                        Case{"train-images.idx3-ubyte", "train-labels.idx1-ubyte"},
                        Case{"train-images.idx3-ubyte.gz", "train-labels-idx1-ubyte"},
                        Case{"Train_Images_idx3_ubyte", "train_labels_idx1_ubyte.gz"},
                        Case{"emnist-letters-train-images-idx3-ubyte.gz",
                             "emnist-letters-train-labels-idx1-ubyte.gz"},
                        Case{"raw/train-images-idx3-ubyte", "raw/train-labels-idx1-ubyte.gz"},
                        Case{"FashionMNIST/raw/train-images-idx3-ubyte",
                             "FashionMNIST/raw/train-labels-idx1-ubyte"}}) {
    SCOPED_TRACE(c.images);
    const TemporaryFolder place;
    for (const std::string& file : {c.images, c.labels}) {
      const std::filesystem::path path = place.path(file);
      std::filesystem::create_directories(path.parent_path());
      place.write(file, file == c.images ? idx_images(7, 3, 2) : idx_labels(7));
      place.write(std::filesystem::path(file).replace_filename("t10k-images-idx3-ubyte"),
                  idx_images(2, 3, 2));
    }
    for (const std::string& named : {place.path("."), place.path(c.images)}) {
      const Dataset data = read_idx_dataset(named);
      EXPECT_EQ(data.count, 7);
      EXPECT_EQ(data.labels.size(), 7U);
    }
  }
}

TEST_F(Idx, TestImagesLieBesideThoseOfTheTraining) {
  struct Case {
    std::string images, labels;
  };
  for (const Case& c : {Case{"t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte"},
                        Case{"raw/T10k_images.idx3-ubyte", "raw/T10k_labels.idx1-ubyte"},
                        Case{"emnist-letters-test-images-idx3-ubyte",
                             "emnist-letters-test-labels-idx1-ubyte.gz"}}) {
    SCOPED_TRACE(c.images);
    const TemporaryFolder place;
    std::filesystem::create_directory(place.path("raw"));
    place.write("raw/train-images-idx3-ubyte", idx_images(7, 3, 2));
    place.write("train-images-idx3-ubyte", idx_images(7, 3, 2));
    place.write(c.images, idx_images(2, 3, 2));
    place.write(c.labels, idx_labels(2));
    for (const std::string& named : {place.path("."), place.path(c.images)}) {
      const Dataset data = read_idx_dataset(named, Split::test);
      EXPECT_EQ(data.count, 2);
      EXPECT_EQ(data.labels.size(), 2U);
    }
  }
}

TEST_F(Idx, AFileOfAnyNameIsReadAndCalledByIt) {
  write("cats.bin", gzipped(idx_images(4, 3, 2)));
  const Dataset data = read_idx_dataset(folder.path("cats.bin"));
  EXPECT_EQ(data.count, 4);
  EXPECT_EQ(data.name, "cats.bin");
  EXPECT_TRUE(data.labels.empty());
}

/// What is said of a folder or file.
std::string refusal_of(const std::string& place, Split split = Split::train) {
  try {
    read_idx_dataset(place, split);
  } catch (const Error& e) {
    const std::string what = e.what();
    EXPECT_TRUE(what.starts_with(place)) << what;
    return what;
  }
  return "was read";
}

TEST_F(Idx, WhatIsThereInsteadIsSaid) {
  std::filesystem::create_directory(folder.path("empty"));
  EXPECT_TRUE(says(refusal_of(folder.path("empty")), "the folder is empty"));
  EXPECT_TRUE(says(refusal_of(folder.path("none")), "there is no such folder"));
  std::filesystem::create_directory(folder.path("other"));
  for (const char* name : {"a.png", "b.png", "c\x1B[2J.png", "d.zip", "e.csv", "f.csv"})
    write(std::string("other/") + name, "x");
  EXPECT_TRUE(says(refusal_of(folder.path("other")),
                   "(there are a.png, b.png, c\\x1b[2J.png, d.zip and "
                   "2 more)"))
      << refusal_of(folder.path("other"));
  for (const char* name : {"MNIST", "MNIST/raw", "FashionMNIST", "FashionMNIST/raw"}) {
    std::filesystem::create_directory(folder.path(name));
    if (says(name, "raw")) write(std::string(name) + "/" + images_file, idx_images(1, 28, 28));
  }
  const std::string several = refusal_of(folder.path("."));
  EXPECT_TRUE(
      says(several, "several data sets: FashionMNIST/raw/train-images-idx3-ubyte, MNIST/raw"))
      << several;
  write("x.zip", "PK\x03\x04 and so on");
  EXPECT_TRUE(says(refusal_of(folder.path("x.zip")), "magic number is 504b0304"));
  write(labels_file, idx_labels(3));
  EXPECT_TRUE(says(refusal_of(folder.path(labels_file)), "these are labels"));
}

TEST_F(Idx, TestImagesThatAreNotThereAreNamed) {
  write(images_file, idx_images(3, 28, 28));
  const std::string none = refusal_of(folder.path("."), Split::test);
  EXPECT_TRUE(says(none, "t10k-images-idx3-ubyte or its .gz is not there (there are train-images"))
      << none;
  const std::string file = refusal_of(folder.path(images_file), Split::test);
  EXPECT_TRUE(says(file, "name the folder that has t10k-images-idx3-ubyte")) << file;
  std::filesystem::rename(folder.path(images_file), folder.path("t10k-images-idx3-ubyte"));
  EXPECT_TRUE(
      says(refusal_of(folder.path(".")), "train-images-idx3-ubyte or its .gz is not there"));
}

TEST_F(Idx, LabelsOfOtherClassesHaveNoCaptions) {
  write(images_file, idx_images(3, 28, 28));
  write(labels_file, idx(0x0801, {3}, "\x01\x0a\xff"));
  const Dataset data = read();
  EXPECT_EQ(data.labels, (std::vector<std::uint8_t>{1, 10, 255}));
  EXPECT_TRUE(data.label_names.empty());
}

long peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss >> 10;
}

TEST_F(Idx, AFileUnpacksToNoMoreMemoryThanItsImagesTake) {
  if (sanitized) GTEST_SKIP() << "the sanitizer's own memory counts, too";
  constexpr int mib = 160;
  const auto write_zeros = [&](const std::string& header) {
    gzFile file = gzopen((folder.path(images_file) + ".gz").c_str(), "wb1");
    gzwrite(file, header.data(), static_cast<unsigned>(header.size()));
    const std::vector<char> zeros(1 << 20);
    for (int i = 0; i < mib; ++i) gzwrite(file, zeros.data(), 1 << 20);
    gzclose(file);
  };
  const long before = peak_mib();
  write_zeros(idx(0x0803, {10, 1024, 1024}, ""));
  EXPECT_TRUE(says(refusal(images_file), "after its data"));
  EXPECT_LT(peak_mib() - before, 40);
  write_zeros(idx(0x0803, {mib, 1024, 1024}, ""));
  EXPECT_EQ(read().count, mib);
  EXPECT_LT(peak_mib() - before, mib + 40);
}

TEST_F(Idx, EveryTruncationIsRefused) {
  const std::string whole = idx_images(2, 5, 7);
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_TRUE(says(images_refused(whole.substr(0, length)), "ends within")) << length;
}

TEST_F(Idx, EveryTruncationOfAGzipFileIsRefused) {
  const std::string whole = gzipped(idx_images(2, 5, 7));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    write(std::string(images_file) + ".gz", whole.substr(0, length));
    refusal(images_file);
  }
}

TEST_F(Idx, WrongHeadersAreRefused) {
  EXPECT_TRUE(says(images_refused(idx_labels(20)), "magic"));
  EXPECT_TRUE(says(images_refused("<html>404</html>"), "magic"));
  EXPECT_TRUE(says(images_refused(idx(0x0803, {0, 28, 28}, "")), "no images"));
  EXPECT_TRUE(says(images_refused(idx(0x0803, {1, 0, 28}, "")), "no images"));
  EXPECT_TRUE(says(images_refused(idx_images(2, 3, 3) + "x"), "after its data"));
  // Absurd sizes, none of which may be allocated.
  EXPECT_TRUE(says(images_refused(idx(0x0803, {~0u, ~0u, ~0u}, "abc")), "announces"));
  EXPECT_TRUE(says(images_refused(idx(0x0803, {1u << 20, 4096, 4096}, "abc")), "announces"));
  EXPECT_TRUE(says(images_refused(idx(0x0803, {1, 1u << 16, 1u << 16}, "abc")), "announces"));
  EXPECT_TRUE(says(images_refused(idx(0x0803, {5'000'000, 28, 28}, "abc")), "announces"));
  EXPECT_TRUE(says(images_refused(idx(0x0803, {20, 28, 28}, "abc")), "ends within"));
}

TEST_F(Idx, WrongLabelsAreRefused) {
  write(images_file, idx_images(3, 28, 28));
  EXPECT_TRUE(says(labels_refused(idx_labels(2)), "2 labels for 3 images"));
  EXPECT_TRUE(says(labels_refused(idx_images(3, 28, 28)), "magic"));
  EXPECT_TRUE(says(labels_refused(idx(0x0801, {3}, "\x01\x02")), "ends within"));
  EXPECT_TRUE(says(labels_refused(idx(0x0801, {3}, "\x01\x02\x03\x04")), "after its data"));
  EXPECT_TRUE(says(labels_refused(""), "ends within"));
}

TEST_F(Idx, DamagedPlainFilesAreReadOrRefused) {
  const std::string whole = idx_images(3, 4, 5);
  Damage damage(1);
  int refused = 0;
  for (int trial = 0; trial < 1000; ++trial) {
    write(images_file, damage(whole));
    try {
      const Dataset data = read();
      EXPECT_EQ(data.pixels.size(), static_cast<std::size_t>(data.count) * data.image_bytes());
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 300);
}

TEST_F(Idx, DamagedGzipFilesGiveTheRightBytesOrNone) {
  const std::string plain = idx_images(3, 4, 5), whole = gzipped(plain);
  Damage damage(2);
  int refused = 0;
  for (int trial = 0; trial < 1000; ++trial) {
    write(std::string(images_file) + ".gz", damage(whole));
    try {
      const Dataset data = read();
      EXPECT_EQ(std::string(data.pixels.begin(), data.pixels.end()), plain.substr(16)) << trial;
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 800);
}

TEST(IdxPlace, IsTheOneNamedElseTheEnvironments) {
  const TemporaryFolder folder;
  write_idx_dataset(folder.path("."), 1);
  setenv("DCGAN_DATA", folder.path(".").c_str(), 1);
  EXPECT_EQ(read_idx_dataset("").count, 1);
  const std::string what = refusal_of(folder.path("missing"));
  EXPECT_TRUE(says(what, "tools/get_data.sh") && says(what, "--data")) << what;
  unsetenv("DCGAN_DATA");
}

}  // namespace
}  // namespace dcgan::test
