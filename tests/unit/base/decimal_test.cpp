#include "engine/base/decimal.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

std::string roundtrip(std::string_view text) {
  auto value = parse_decimal(text);
  return value ? to_text(*value) : "none";
}

TEST(Decimal, KeepsItsPlaces) {
  EXPECT_EQ(roundtrip("12.00"), "12.00");
  EXPECT_EQ(roundtrip("-0.05"), "-0.05");
  EXPECT_EQ(roundtrip("+7"), "7");
  EXPECT_EQ(roundtrip(".5"), "0.5");
  EXPECT_EQ(roundtrip("5."), "5");
  EXPECT_EQ(roundtrip("007.10"), "7.10");
  EXPECT_EQ(roundtrip("123456789012345678901234567890.123456"), "123456789012345678901234567890.123456");
}

TEST(Decimal, TextOfEveryWidth) {
  for (size_t digits = 1; digits <= 36; ++digits) {
    for (const char* sign : {"", "-"}) {
      std::string whole(digits, '9'), power = sign + ("1" + std::string(digits - 1, '0'));
      EXPECT_EQ(roundtrip(sign + whole), sign + whole);
      EXPECT_EQ(roundtrip(power), power);
      std::string fraction = sign + ("0." + whole.substr(0, 18));
      EXPECT_EQ(roundtrip(fraction), fraction);
    }
  }
  EXPECT_EQ(roundtrip("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(roundtrip("-18446744073709551616.0"), "-18446744073709551616.0");
  WideInteger smallest = static_cast<WideInteger>(1) << 126;
  smallest = -smallest - smallest;
  EXPECT_EQ(to_text({smallest, 18}), "-170141183460469231731.687303715884105728");
}

TEST(Decimal, OtherTextIsNone) {
  for (const char* text : {"", ".", "-", "1,5", "1e3", "0x1", " 1", "1.2.3", "--1", "NaN"}) {
    EXPECT_EQ(roundtrip(text), "none") << text;
  }
  EXPECT_EQ(roundtrip(std::string(37, '9')), "none");
  EXPECT_EQ(roundtrip("0." + std::string(19, '1')), "none");
}

TEST(Decimal, SumsAndProductsAreExactOrNothing) {
  auto tenth = parse_decimal("0.1").value();
  Decimal sum;
  for (int i = 0; i < 10; ++i) sum = add(sum, tenth).value();
  EXPECT_EQ(to_text(sum), "1.0");
  EXPECT_EQ(to_text(multiply(parse_decimal("-3").value(), parse_decimal("4.15").value()).value()), "-12.45");
  auto large = parse_decimal(std::string(36, '9')).value();
  EXPECT_FALSE(multiply(large, large));
  EXPECT_FALSE(multiply(parse_decimal("0.0000000001").value(), parse_decimal("0.0000000001").value()));
}

}  // namespace
}  // namespace tributary
