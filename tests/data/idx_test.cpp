// IDX files, plain and gzipped: whole ones, and ones damaged in every way.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>

#include "damage.h"
#include "dcgan/dataset.h"
#include "dcgan/error.h"
#include "idx_files.h"
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
  EXPECT_EQ(data.label_names.at(9), "Ankle boot");
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

TEST_F(Idx, TheFoldersNameTellsMnistFromFashionMnist) {
  for (const auto& [directory, name] :
       {std::pair{"mnist", "MNIST"}, std::pair{"Fashion-MNIST", "Fashion-MNIST"},
        std::pair{"mine", "Fashion-MNIST"}}) {
    std::filesystem::create_directory(folder.path(directory));
    write_idx_dataset(folder.path(directory), 1);
    EXPECT_EQ(read_idx_dataset(folder.path(directory)).name, name);
  }
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
  EXPECT_TRUE(says(images_refused(idx(0x0803, {5'000'000, 28, 28}, "abc")), "ends within"));
}

TEST_F(Idx, WrongLabelsAreRefused) {
  write(images_file, idx_images(3, 28, 28));
  EXPECT_TRUE(says(labels_refused(idx_labels(2)), "2 labels for 3 images"));
  EXPECT_TRUE(says(labels_refused(idx_images(3, 28, 28)), "magic"));
  EXPECT_TRUE(says(labels_refused(idx(0x0801, {3}, "\x01\x02\x0a")), "label 10"));
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

TEST(IdxDirectory, IsTheOneNamedElseTheEnvironments) {
  const TemporaryFolder folder;
  write_idx_dataset(folder.path("."), 1);
  setenv("DCGAN_DATA", folder.path(".").c_str(), 1);
  EXPECT_EQ(find_idx_directory(""), folder.path("."));
  try {
    find_idx_directory(folder.path("missing"));
    ADD_FAILURE() << "was found";
  } catch (const Error& e) {
    const std::string what = e.what();
    EXPECT_TRUE(says(what, folder.path("missing")) && says(what, "tools/get_data.sh") &&
                says(what, "--data"))
        << what;
  }
  unsetenv("DCGAN_DATA");
}

}  // namespace
}  // namespace dcgan::test
