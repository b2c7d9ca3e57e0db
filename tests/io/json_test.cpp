// JSON that would cost memory, and numbers that no integer holds.
#include "io/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dcgan/error.h"

namespace dcgan::test {
namespace {

TEST(Json, DepthIsLimited) {
  EXPECT_EQ(parse_json(R"({"a": [[[1]]]})")["a"][0][0][0], 1);
  for (const std::size_t depth : {std::size_t{6}, std::size_t{1'000'000}}) {
    EXPECT_THROW(parse_json(std::string(depth, '[') + std::string(depth, ']')), Error) << depth;
    EXPECT_THROW(parse_json(std::string(depth, '[')), Error) << depth;
  }
  std::string objects;
  for (int i = 0; i < 100; ++i) objects += "{\"a\":";
  EXPECT_THROW(parse_json(objects), Error);
}

TEST(Json, WholeNumbersAreWhole) {
  const auto of = [](const char* text) { return whole_number("step", parse_json(text)); };
  for (const std::int64_t n : {std::int64_t{0}, std::int64_t{-7}, INT64_MAX, INT64_MIN})
    EXPECT_EQ(of(std::to_string(n).c_str()), n);
  for (const char* text : {"16.9", "16.0", "1e300", "-1e300", "1e3", "9223372036854775808",
                           "18446744073709551615", "\"7\"", "null", "[7]", "{}", "true"})
    EXPECT_THROW(of(text), Error) << text;
  try {
    of("16.9");
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "step=16.9: must be a whole number");
  }
}

}  // namespace
}  // namespace dcgan::test
