// .npy files as NumPy writes them, and files that are damaged or lie.
#include "io/npy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "damage.h"
#include "dcgan/error.h"
#include "temporary_folder.h"

namespace dcgan::test {
namespace {

/// `begin` of a header, spaces, a line's end: 128 bytes, as numpy.save (2.4.6) writes.
std::string numpy_header(std::string_view magic_and_length, std::string_view dict) {
  std::string header(magic_and_length);
  header += dict;
  header.resize(127, ' ');
  return header + '\n';
}

// numpy.array([[1.5, -2, 3], [4, 5.25, 1e-3]], dtype="<f4")
constexpr std::string_view f4_dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
constexpr std::string_view f4_data(
    "\x00\x00\xc0\x3f\x00\x00\x00\xc0\x00\x00\x40\x40\x00\x00\x80\x40\x00\x00\xa8\x40\x6f\x12\x83"
    "\x3a",
    24);
const std::vector<float> f4_values = {1.5F, -2, 3, 4, 5.25F, 1e-3F};
constexpr std::string_view version_1("\x93NUMPY\x01\x00v\x00", 10);
constexpr std::string_view version_2("\x93NUMPY\x02\x00t\x00\x00\x00", 12);
constexpr std::string_view version_3("\x93NUMPY\x03\x00t\x00\x00\x00", 12);

std::string with_data(std::string header, std::string_view data) { return header.append(data); }

/// What is wrong with the file, "" if it is read.
std::string refusal(const TemporaryFolder& folder, const std::string& content) {
  folder.write("x.npy", content);
  try {
    const NpyFile file(folder.path("x.npy"));
    file.values(0, file.size());
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("x.npy"), std::string::npos) << e.what();
    return e.what();
  }
  return "";
}

TEST(Npy, ReadsWhatNumpyWrites) {
  const TemporaryFolder folder;
  for (const std::string_view version : {version_1, version_2, version_3}) {
    folder.write("x.npy", with_data(numpy_header(version, f4_dict), f4_data));
    const NpyFile file(folder.path("x.npy"));
    EXPECT_EQ(file.shape(), (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(file.size(), 6);
    EXPECT_EQ(file.values(0, 6), f4_values);
    EXPECT_EQ(file.values(2, 3), (std::vector<float>{3, 4, 5.25F}));
    EXPECT_TRUE(file.values(6, 0).empty());
    EXPECT_THROW(file.values(4, 3), Error);
    EXPECT_THROW(file.values(-1, 1), Error);
  }
}

TEST(Npy, ReadsLongHeaders) {
  const TemporaryFolder folder;
  for (const std::string version : {"\x01", "\x02"}) {
    std::string header = "\x93NUMPY" + version + '\0' + "\x10\x07";  // 0x710: 1808 bytes follow
    if (version == "\x02") header.append(2, '\0');
    header += f4_dict;
    header += std::string(1807 - f4_dict.size(), ' ') + '\n';
    EXPECT_EQ(refusal(folder, with_data(header, f4_data)), "");
  }
}

TEST(Npy, RoundsDoubles) {
  const TemporaryFolder folder;
  // numpy.array([0.1, -1e300, 7])
  folder.write("x.npy",
               with_data(numpy_header(version_1,
                                      "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }"),
                         std::string_view("\x9a\x99\x99\x99\x99\x99\xb9\x3f\x9c\x75\x00\x88\x3c\xe4"
                                          "\x37\xfe\x00\x00\x00\x00\x00\x00\x1c\x40",
                                          24)));
  const NpyFile file(folder.path("x.npy"));
  EXPECT_EQ(file.shape(), std::vector<std::int64_t>{3});
  const std::vector<float> values = file.values(0, 3);
  EXPECT_EQ(values[0], 0.1F);
  EXPECT_TRUE(std::isinf(values[1]) && values[1] < 0);
  EXPECT_EQ(file.values(2, 1), std::vector<float>{7});
}

TEST(Npy, ReadsBytesWhereTheyMayBe) {
  const TemporaryFolder folder;
  // numpy.array([[0, 7], [128, 255]], dtype="u1")
  folder.write(
      "x.npy",
      with_data(
          numpy_header(version_1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2), }"),
          std::string_view("\x00\x07\x80\xff", 4)));
  EXPECT_THROW(NpyFile(folder.path("x.npy")), Error);
  const NpyFile file(folder.path("x.npy"), NpyTypes::reals_or_bytes);
  EXPECT_TRUE(file.holds_bytes());
  EXPECT_EQ(file.values(0, 4), (std::vector<float>{0, 7, 128, 255}));
  EXPECT_EQ(file.values(1, 2), (std::vector<float>{7, 128}));
  folder.write("x.npy", with_data(numpy_header(version_1, f4_dict), f4_data));
  const NpyFile reals(folder.path("x.npy"), NpyTypes::reals_or_bytes);
  EXPECT_FALSE(reals.holds_bytes());
  EXPECT_EQ(reals.values(0, 6), f4_values);
  folder.write(
      "x.npy",
      with_data(
          numpy_header(version_1, "{'descr': '|i1', 'fortran_order': False, 'shape': (2, 2), }"),
          "abcd"));
  try {
    NpyFile(folder.path("x.npy"), NpyTypes::reals_or_bytes);
    ADD_FAILURE() << "was read";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("of a uint8, or"), std::string::npos) << e.what();
  }
}

TEST(Npy, ReadsEmptyArraysAndScalars) {
  const TemporaryFolder folder;
  folder.write(
      "x.npy",
      numpy_header(version_1, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3), }"));
  EXPECT_EQ(NpyFile(folder.path("x.npy")).size(), 0);
  folder.write(
      "x.npy",
      with_data(numpy_header(version_1, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }"),
                std::string_view("\x00\x00\x00\x40", 4)));
  const NpyFile scalar(folder.path("x.npy"));
  EXPECT_TRUE(scalar.shape().empty());
  EXPECT_EQ(scalar.values(0, 1), std::vector<float>{2});
}

// By the bytes: the header's fields where the format has them, then the values.
TEST(Npy, WritesWhatNumpyReads) {
  const TemporaryFolder folder;
  NpyWriter writer(folder.path("x.npy"), {2, 3});
  writer.write(std::span(f4_values).first(2));
  EXPECT_FALSE(std::filesystem::exists(folder.path("x.npy")));
  writer.write(std::span(f4_values).subspan(2));
  writer.finish();
  const std::string file = read_file(folder.path("x.npy"));
  ASSERT_EQ(file.size(), 128 + f4_data.size());
  EXPECT_EQ(file.substr(0, 10), version_1);
  EXPECT_EQ(file.substr(10, 57), "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, ");
  EXPECT_EQ(file.find_first_not_of(" ", file.find('}') + 1), 127U);
  EXPECT_EQ(file[127], '\n');
  EXPECT_EQ(file.substr(128), f4_data);
}

TEST(Npy, WhatIsNotReadIsNamed) {
  const TemporaryFolder folder;
  const auto expect_refused = [&](std::string_view dict, const std::string& why) {
    const std::string said = refusal(folder, with_data(numpy_header(version_1, dict), f4_data));
    EXPECT_NE(said.find(why), std::string::npos) << dict << ": " << said;
    EXPECT_NE(said.find("float32"), std::string::npos) << said;
  };
  expect_refused("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }", "'>f4'");
  expect_refused("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }", "'<i4'");
  expect_refused("{'descr': '|O', 'fortran_order': False, 'shape': (2, 3), }", "'|O'");
  expect_refused("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,), }", "damaged");
  expect_refused("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", "Fortran");
  expect_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", "24 bytes");
  expect_refused("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", "24 bytes");
  const std::string format = with_data(numpy_header("\x93NUMPY\x04", f4_dict), f4_data);
  EXPECT_NE(refusal(folder, format).find("4."), std::string::npos);
  EXPECT_NE(refusal(folder, "PK\x03\x04 an archive of numpy.savez").find("no .npy"),
            std::string::npos);
}

// 2 * 11 * 271 * 439 * 7047956753329 is 2^64 + 6, and 4611686018427387910 floats are 2^64 + 24
// bytes.
TEST(Npy, LyingHeadersCostNoMemory) {
  const TemporaryFolder folder;
  const auto header = [](const std::string& shape) {
    return numpy_header(version_1,
                        "{'descr': '<f4', 'fortran_order': False, 'shape': (" + shape + "), }");
  };
  for (const char* shape :
       {"4294967296, 4294967296", "4611686018427387910,", "9223372036854775807,",
        "2, 9223372036854775811", "-2, -3", "99999999999999999999,",
        "2, 11, 271, 439, 7047956753329", "6, 1099511627776", "2, x", "2 3"})
    EXPECT_NE(refusal(folder, with_data(header(shape), f4_data)), "") << shape;
  EXPECT_NE(refusal(folder, with_data(header("0, 9223372036854775807"), f4_data)), "");
  EXPECT_NE(refusal(folder, header("-5, 0")), "");
  EXPECT_EQ(refusal(folder, header("9223372036854775807, 0, 9223372036854775807")), "");
  const std::string long_header("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12);  // 4 GiB
  EXPECT_NE(refusal(folder, with_data(numpy_header(long_header, f4_dict), f4_data))
                .find("it ends in its header"),
            std::string::npos);
}

TEST(Npy, EveryTruncationIsRefused) {
  const TemporaryFolder folder;
  for (const std::string_view version : {version_1, version_2}) {
    const std::string whole = with_data(numpy_header(version, f4_dict), f4_data);
    for (std::size_t length = 0; length < whole.size(); ++length)
      EXPECT_NE(refusal(folder, whole.substr(0, length)), "") << length;
    EXPECT_NE(refusal(folder, whole + "x"), "");
    EXPECT_EQ(refusal(folder, whole), "");
  }
}

TEST(Npy, DamagedFilesAreReadOrRefused) {
  const TemporaryFolder folder;
  Damage damage(7);
  int refused = 0;
  for (int trial = 0; trial < 1000; ++trial) {
    const std::string_view version = trial % 2 ? version_1 : version_3;
    const std::string whole = with_data(numpy_header(version, f4_dict), f4_data);
    // Half of the damage is to the dictionary alone: elsewhere most of it is soon found.
    const std::string broken =
        trial % 4 < 2 ? damage(whole)
                      : whole.substr(0, 12) + damage(whole.substr(12, 60)) + whole.substr(72);
    refused += !refusal(folder, broken).empty();
  }
  EXPECT_GT(refused, 500);
  EXPECT_LT(refused, 1000);
}

}  // namespace
}  // namespace dcgan::test
