#include "engine/base/ascii.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

TEST(Ascii, OnlyItsLettersHaveACase) {
  EXPECT_EQ(ascii_lowered("AZ az @[ \xc3\x84 09"), "az az @[ \xc3\x84 09");
  EXPECT_EQ(ascii_upper('a'), 'A');
  EXPECT_EQ(ascii_upper('z'), 'Z');
  EXPECT_EQ(ascii_upper('{'), '{');
  EXPECT_EQ(ascii_upper('`'), '`');
}

TEST(Ascii, HexDigitsHaveValuesInBothCases) {
  std::string_view digits = "0123456789abcdefABCDEF";
  for (size_t i = 0; i < digits.size(); ++i) EXPECT_EQ(hex_value(digits[i]), i < 16 ? i : i - 6);
  for (int c = -128; c < 128; ++c) {
    bool digit = digits.find(static_cast<char>(c)) != digits.npos;
    EXPECT_EQ(hex_value(static_cast<char>(c)) >= 0, digit) << c;
  }
}

}  // namespace
}  // namespace tributary
