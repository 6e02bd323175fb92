#include "engine/base/utf8.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

std::string replaced(int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += "\xef\xbf\xbd";
  return out;
}

TEST(Utf8, WellFormedTextIsKnownAndUnchanged) {
  for (std::string_view text : {"", "ascii", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                                "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\xe4\xb8\xad\xe6\x96\x87"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
    EXPECT_EQ(valid_utf8(text), text);
  }
  EXPECT_EQ(valid_utf8(std::string_view("a\0b", 3)), std::string_view("a\0b", 3));
}

TEST(Utf8, KnowsTheEdgesOfTheTable) {
  for (std::string_view text : {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82",
                                "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_FALSE(is_utf8(text));
    EXPECT_EQ(utf8_sequence(text), 0u);
  }
  EXPECT_EQ(utf8_sequence("ab"), 1u);
  EXPECT_EQ(utf8_sequence("\xe4\xb8\xad\xe6"), 3u);
}

TEST(Utf8, EachIllFormedSubsequenceIsReplacedOnce) {
  EXPECT_EQ(valid_utf8("a\xff"), "a" + replaced(1));
  EXPECT_EQ(valid_utf8("\x80\x80"), replaced(2));
  EXPECT_EQ(valid_utf8("\xc0\xaf"), replaced(2));                  // overlong slash
  EXPECT_EQ(valid_utf8("\xe0\x80\x80"), replaced(3));              // overlong
  EXPECT_EQ(valid_utf8("\xed\xa0\x80"), replaced(3));              // surrogate
  EXPECT_EQ(valid_utf8("\xf4\x90\x80\x80"), replaced(4));          // beyond U+10FFFF
  EXPECT_EQ(valid_utf8("\xe4\xb8"), replaced(1));                  // cut at the end
  EXPECT_EQ(valid_utf8("\xf1\x80\x80\xe1\x80\xc2"), replaced(3));  // Unicode's own example
  EXPECT_EQ(valid_utf8("\xe4\xb8x"), replaced(1) + "x");
}

}  // namespace
}  // namespace tributary
