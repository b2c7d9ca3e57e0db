// CIFAR's binary files: whole ones of both kinds, where they are found, and damaged ones.
#include "data/cifar.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "damage.h"
#include "dcgan/error.h"
#include "temporary_folder.h"

namespace dcgan::test {
namespace {

namespace fs = std::filesystem;

/// A record of these labels, whose red, green and blue at (y, x) are start + x, 100 + y and 7.
std::string record(const std::string& labels, int start) {
  std::string all = labels;
  for (int y = 0; y < 32; ++y)
    for (int x = 0; x < 32; ++x) all += static_cast<char>(start + x);
  for (int y = 0; y < 32; ++y) all += std::string(32, static_cast<char>(100 + y));
  return all + std::string(1024, 7);
}

const std::string ten_names =
    "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n";

class Cifar : public testing::Test {
 protected:
  Dataset read(const std::string& place = ".", Split split = Split::train) {
    return read_cifar_dataset(folder.path(place), split);
  }
  std::string refusal(const std::string& place = ".", Split split = Split::train) {
    try {
      read(place, split);
    } catch (const Error& e) {
      EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos) << e.what();
      return e.what();
    }
    return "was read";
  }
  TemporaryFolder folder;
};

std::vector<int> pixel(const Dataset& data, std::int64_t image, int y, int x) {
  const std::uint8_t* p = data.image(image) + (y * 32 + x) * 3;
  return {p[0], p[1], p[2]};
}

TEST_F(Cifar, ReadsAllBatchesInTheOrderOfNamesWhereverTheyLie) {
  fs::create_directories(folder.path("data/cifar-10-batches-bin"));
  const std::string inner = "data/cifar-10-batches-bin/";
  folder.write(inner + "data_batch_2.bin", record("\x03", 60));
  folder.write(inner + "data_batch_1.bin", record("\x09", 0) + record("\x02", 30));
  folder.write(inner + "test_batch.bin", record("\x05", 90));
  folder.write(inner + "batches.meta.txt", ten_names);
  const Dataset data = read();
  EXPECT_EQ(data.name, "CIFAR-10");
  ASSERT_EQ(data.count, 3);
  EXPECT_EQ(data.height * 100 + data.width, 3232);
  EXPECT_EQ(data.channels, 3);
  EXPECT_EQ(data.pixels.size(), 3U * 3072);
  EXPECT_EQ(data.labels, (std::vector<std::uint8_t>{9, 2, 3}));
  EXPECT_EQ(data.label_names.at(9), "truck");
  EXPECT_EQ(pixel(data, 0, 0, 0), (std::vector<int>{0, 100, 7}));
  EXPECT_EQ(pixel(data, 1, 5, 31), (std::vector<int>{61, 105, 7}));
  EXPECT_EQ(pixel(data, 2, 31, 2), (std::vector<int>{62, 131, 7}));
}

TEST_F(Cifar, AFileStandsForItself) {
  folder.write("data_batch_1.bin", record("\x01", 1));
  folder.write("test_batch.bin", record("\x05", 90) + record("\x06", 91));
  EXPECT_EQ(read("test_batch.bin").labels, (std::vector<std::uint8_t>{5, 6}));
}

TEST_F(Cifar, TheTestBatchIsASplitOfItsOwn) {
  fs::create_directory(folder.path("inner"));
  folder.write("data_batch_1.bin", record("\x01", 1));
  const std::string missing = refusal(".", Split::test);
  EXPECT_NE(missing.find("test_batch.bin or test.bin is not there"), std::string::npos) << missing;
  folder.write("inner/test_batch.bin", record("\x05", 90) + record("\x06", 91));
  folder.write("inner/batches.meta.txt", ten_names);
  EXPECT_EQ(read(".", Split::test).labels, (std::vector<std::uint8_t>{5, 6}));
  EXPECT_EQ(read(".", Split::test).label_names.size(), 10U);
  EXPECT_EQ(read("inner/test_batch.bin", Split::test).count, 2);
  EXPECT_NE(refusal("data_batch_1.bin", Split::test), "was read");
  fs::remove(folder.path("inner/test_batch.bin"));
  folder.write("inner/test.bin", record(std::string("\x04\x08", 2), 10));
  fs::remove(folder.path("inner/batches.meta.txt"));
  EXPECT_EQ(read(".", Split::test).labels, (std::vector<std::uint8_t>{8}));
}

TEST_F(Cifar, LongDataComesInPortions) {
  std::string all;
  for (int i = 0; i < 2003; ++i) all += record(std::string(1, static_cast<char>(i % 7)), i % 90);
  folder.write("data_batch_1.bin", all);
  const Dataset data = read();
  ASSERT_EQ(data.count, 2003);
  for (const int i : {0, 999, 1000, 1999, 2000, 2002}) {
    EXPECT_EQ(data.labels[static_cast<std::size_t>(i)], i % 7) << i;
    EXPECT_EQ(pixel(data, i, 3, 4), (std::vector<int>{i % 90 + 4, 103, 7})) << i;
  }
}

TEST_F(Cifar, OtherDataInItsFormatHaveNoCaptionsButTheirOwn) {
  folder.write("data_batch_1.bin", record("\x01", 1));
  EXPECT_TRUE(read().label_names.empty());
  EXPECT_NE(read().name, "CIFAR-10");
  folder.write("batches.meta.txt", "circle\r\nsq\x1Buare\n");
  EXPECT_EQ(read().label_names, (std::vector<std::string>{"circle", "sq\\x1buare"}));
  EXPECT_NE(read().name, "CIFAR-10");
}

TEST_F(Cifar, OfCifar100TheFineLabelIsTheClass) {
  folder.write("train.bin", record(std::string("\x04\x30", 2), 10));
  folder.write("coarse_label_names.txt", "fish\n");
  std::string names;
  for (int i = 0; i < 100; ++i) names += "class " + std::to_string(i) + "\n";
  folder.write("fine_label_names.txt", names);
  const Dataset data = read();
  EXPECT_EQ(data.labels, (std::vector<std::uint8_t>{0x30}));
  EXPECT_EQ(data.label_names.at(data.labels[0]), "class 48");
  EXPECT_EQ(pixel(data, 0, 2, 3), (std::vector<int>{13, 102, 7}));
}

// 3074 records of 3073 bytes are 3073 of 3074: the name decides.
TEST_F(Cifar, ASizeThatFitsBothIsWhatItsNameSays) {
  const std::string bytes(std::size_t{3073} * 3074, '\1');
  folder.write("data_batch_1.bin", bytes);
  EXPECT_EQ(read("data_batch_1.bin").count, 3074);
  folder.write("train.bin", bytes);
  EXPECT_EQ(read("train.bin").count, 3073);
}

TEST_F(Cifar, WhatIsNotWholeIsRefusedByName) {
  const auto refused = [&](const std::string& content) {
    folder.write("data_batch_1.bin", content);
    const std::string what = refusal();
    EXPECT_NE(what.find("data_batch_1.bin: not a whole file"), std::string::npos) << what;
    EXPECT_NE(what.find(std::to_string(content.size()) + " bytes"), std::string::npos) << what;
  };
  const std::string whole = record("\x01", 1);
  refused("");
  refused("hello");
  refused(whole.substr(1));
  refused(whole + "ab");
  EXPECT_NE(refusal("nowhere").find("data_batch_1.bin"), std::string::npos);
  folder.write("data_batch_1.bin", whole);
  folder.write("data_batch_2.bin", record("ab", 1));
  EXPECT_NE(refusal().find("data_batch_2.bin: of CIFAR-100"), std::string::npos) << refusal();
}

TEST_F(Cifar, ALabelWithoutANameIsRefused) {
  folder.write("data_batch_1.bin", record("\x09", 1) + record("\x0A", 1));
  folder.write("batches.meta.txt", ten_names);
  EXPECT_NE(refusal().find("image 2 has label 10"), std::string::npos) << refusal();
}

TEST_F(Cifar, AFileLargerThanMemoryIsRefusedBeforeItIsRead) {
  folder.write("data_batch_1.bin", "");
  fs::resize_file(folder.path("data_batch_1.bin"), std::uintmax_t{3073} << 21);  // a hole
  EXPECT_NE(refusal().find("more than 4 GiB"), std::string::npos) << refusal();
}

TEST_F(Cifar, DamagedFilesAreReadOrRefused) {
  const std::string whole = record("\x01", 1) + record("\x02", 1);
  Damage damage(12);
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    folder.write("data_batch_1.bin", damage(whole));
    folder.write("batches.meta.txt", i % 2 ? damage(ten_names) : ten_names);
    refused += refusal() != "was read";
  }
  EXPECT_GT(refused, 50);
  EXPECT_LT(refused, 300);
}

}  // namespace
}  // namespace dcgan::test
