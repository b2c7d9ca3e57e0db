// Round trips, and files that are damaged in every way.
#include "io/safetensors.h"

#include <gtest/gtest.h>

#include <random>
#include <span>

#include "dcgan/error.h"
#include "io/atomic_file.h"
#include "io/file_reader.h"
#include "temporary_folder.h"

namespace dcgan::test {
namespace {

std::string whole_file(const TemporaryFolder& folder) {
  const std::vector<float> a = {1.5F, -2, 3, 4, 5, 6};
  const std::vector<std::uint8_t> b = {1, 0, 1};
  write_safetensors(folder.path("whole"),
                    {{"a", DType::f32, {2, 3}, a.data()}, {"b", DType::u8, {3}, b.data()}},
                    {{"key", "value"}});
  return read_file(folder.path("whole"));
}

TEST(Safetensors, RoundTripIsExact) {
  const TemporaryFolder folder;
  whole_file(folder);
  const SafetensorsFile file(folder.path("whole"));
  EXPECT_EQ(file.f32("a", {2, 3}), (std::vector<float>{1.5F, -2, 3, 4, 5, 6}));
  EXPECT_EQ(file.u8("b"), (std::vector<std::uint8_t>{1, 0, 1}));
  EXPECT_EQ(file.metadata().at("key"), "value");
  EXPECT_THROW(file.f32("a", {3, 2}), Error);
  EXPECT_THROW(file.f32("b"), Error);
  EXPECT_THROW(file.f32("missing"), Error);
}

TEST(Safetensors, BytesInMemoryAreReadAsAFile) {
  const TemporaryFolder folder;
  std::string bytes = whole_file(folder);
  const auto open = [&](std::size_t length) {
    return SafetensorsFile("in memory", std::as_bytes(std::span(bytes)).first(length));
  };
  const SafetensorsFile file = open(bytes.size());
  file.verify();
  EXPECT_EQ(file.path(), "in memory");
  EXPECT_EQ(file.f32("a", {2, 3}), (std::vector<float>{1.5F, -2, 3, 4, 5, 6}));
  EXPECT_EQ(file.u8("b"), (std::vector<std::uint8_t>{1, 0, 1}));
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_THROW(open(length), Error) << length;
  bytes.back() ^= 1;
  EXPECT_THROW(open(bytes.size()).verify(), Error);
}

TEST(FileReader, OfMemoryEndsWhereItEnds) {
  const std::string bytes = "abcdef";
  const FileReader reader("bytes", std::as_bytes(std::span(bytes)));
  EXPECT_EQ(reader.size_bytes(), 6U);
  std::string part(2, ' ');
  reader.read_at(4, part.data(), 2);
  EXPECT_EQ(part, "ef");
  EXPECT_THROW(reader.read_at(5, part.data(), 2), Error);
  EXPECT_THROW(reader.read_at(7, part.data(), 0), Error);
  EXPECT_THROW(reader.read_at(~std::uint64_t{0}, part.data(), 2), Error);
}

TEST(Safetensors, AFileWithoutTensorsIsRead) {
  const TemporaryFolder folder;
  write_safetensors(folder.path("none"), {});
  EXPECT_TRUE(SafetensorsFile(folder.path("none")).entries().empty());
}

TEST(Safetensors, EveryTruncationIsRefused) {
  const TemporaryFolder folder;
  const std::string whole = whole_file(folder);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    folder.write("cut", whole.substr(0, length));
    EXPECT_THROW(SafetensorsFile(folder.path("cut")), Error) << length;
  }
}

TEST(Safetensors, FlippedBytesNeverCrash) {
  const TemporaryFolder folder;
  const std::string whole = whole_file(folder);
  std::mt19937 random(1);
  int refused = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    std::string damaged = whole;
    for (int k = 0; k < 1 + trial % 3; ++k)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    folder.write("damaged", damaged);
    try {
      const SafetensorsFile file(folder.path("damaged"));
      for (const auto& [name, entry] : file.entries())
        if (entry.dtype == DType::f32) file.f32(name);
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 500);
}

TEST(Safetensors, LyingHeadersAreRefused) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& header, const std::string& data) {
    std::string file;
    std::uint64_t length = header.size();
    file.append(reinterpret_cast<const char*>(&length), 8);
    folder.write("lie", file + header + data);
    EXPECT_THROW(SafetensorsFile(folder.path("lie")), Error) << header;
  };
  refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "12345678");
  refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}})", "12345678");
  refused(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", "12345678");
  refused(R"({"a":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}})", "1234");
  refused(R"({"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}})", "1234");
  refused(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
          R"("b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
          "123456");
  refused(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})", "1234");
  refused(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", "1234");
  refused("{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}", "");
  refused("[]", "");
  refused("{", "");
}

}  // namespace
}  // namespace dcgan::test
