// Which bytes of a text a terminal gets to see.
#include "io/visible.h"

#include <gtest/gtest.h>

namespace dcgan::test {
namespace {

TEST(Visible, TextStaysAsItIs) {
  for (const char* text : {"", "runs/dcgan ~!", "Kleid \xc3\xbc", "\xe6\x9c\x8d",
                           "\xf0\x9f\x91\x97", "\xc2\xa0", "\xf4\x8f\xbf\xbf"})
    EXPECT_EQ(visible(text), text);
}

TEST(Visible, ControlCharactersAreWrittenOut) {
  EXPECT_EQ(visible("a\x1b[31m\n\t\x7f"
                    "b"),
            "a\\x1b[31m\\x0a\\x09\\x7f"
            "b");
  EXPECT_EQ(visible(std::string_view("\0\x1f", 2)), "\\x00\\x1f");
  EXPECT_EQ(visible("\xc2\x80|\xc2\x9b|\xc2\x9f"), "\\xc2\\x80|\\xc2\\x9b|\\xc2\\x9f");
}

TEST(Visible, BytesThatAreNotUtf8AreWrittenOut) {
  EXPECT_EQ(visible("\x9b"), "\\x9b");
  EXPECT_EQ(visible("\xff"), "\\xff");
  EXPECT_EQ(visible("\xf5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80");
  EXPECT_EQ(visible("\xc0\x9b"), "\\xc0\\x9b");  // U+001B in two bytes
  EXPECT_EQ(visible("\xc3"), "\\xc3");
  EXPECT_EQ(visible("\xe6\x9c"), "\\xe6\\x9c");
  EXPECT_EQ(visible("\xc3z\xe6\x9cz"), "\\xc3z\\xe6\\x9cz");
  EXPECT_EQ(visible("\xe6\x9c\xc3"), "\\xe6\\x9c\\xc3");
}

}  // namespace
}  // namespace dcgan::test
