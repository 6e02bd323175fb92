#include <gtest/gtest.h>

#include "connectors/bulk/date_format.h"
#include "connectors/bulk/decimal.h"
#include "connectors/bulk/text_encoding.h"

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

std::string parsed(std::string_view format, std::string_view text, std::string_view zone = "UTC") {
  auto date = DateFormat::make(format, zone);
  if (!date) return "format: " + date.error().message;
  auto time = date->parse(text);
  return time ? format_iso8601(*time) : "none";
}

TEST(DateFormat, ReadsDeclaredFormats) {
  EXPECT_EQ(parsed("%Y%m%d", "19970131"), "1997-01-31T00:00:00.000Z");
  EXPECT_EQ(parsed("%Y-%m-%d %H:%M:%S", "2011-10-06 16:20:09"), "2011-10-06T16:20:09.000Z");
  EXPECT_EQ(parsed("%d/%m/%y %H:%M", "1/2/69 8:05"), "1969-02-01T08:05:00.000Z");
  EXPECT_EQ(parsed("%d-%b-%Y", "04-MAR-2020"), "2020-03-04T00:00:00.000Z");
  EXPECT_EQ(parsed("%Y%%%m%%%d", "2020%02%29"), "2020-02-29T00:00:00.000Z");
  EXPECT_EQ(parsed("unix_seconds", "852076800"), "1997-01-01T00:00:00.000Z");
  EXPECT_EQ(parsed("unix_millis", "852076800123"), "1997-01-01T00:00:00.123Z");
}

TEST(DateFormat, ZoneCountsWhenTheTextHasNone) {
  EXPECT_EQ(parsed("%Y%m%d", "19970101", "+08:00"), "1996-12-31T16:00:00.000Z");
  EXPECT_EQ(parsed("iso8601", "2020-01-01T00:00:00", "-05:30"), "2020-01-01T05:30:00.000Z");
  EXPECT_EQ(parsed("iso8601", "2020-01-01T00:00:00Z", "-05:30"), "2020-01-01T00:00:00.000Z");
  EXPECT_EQ(parsed("iso8601", "2020-01-01T00:00:00+01:00", "-05:30"), "2019-12-31T23:00:00.000Z");
  EXPECT_EQ(parsed("iso8601", "2020-01-01", "+01:00"), "2019-12-31T23:00:00.000Z");
}

TEST(DateFormat, OtherTextAndImpossibleDatesAreNone) {
  EXPECT_EQ(parsed("%Y%m%d", "19970230"), "none");
  EXPECT_EQ(parsed("%Y%m%d", "19971301"), "none");
  EXPECT_EQ(parsed("%Y%m%d", "199701011"), "none");
  EXPECT_EQ(parsed("%Y%m%d", "1997010"), "none");
  EXPECT_EQ(parsed("%Y-%m-%d", ""), "none");
  EXPECT_EQ(parsed("unix_seconds", "9999999999999999"), "none");
}

TEST(DateFormat, BadFormatsAndZonesAreRefused) {
  for (const char* format : {"%Q", "%", "%H:%M", ""}) EXPECT_FALSE(DateFormat::make(format, "UTC")) << format;
  for (const char* zone : {"Europe/London", "+8", "08:00", "+08:60", "+24:00", ""}) {
    EXPECT_FALSE(DateFormat::make("%Y", zone)) << zone;
  }
}

TEST(TextEncoding, Utf8IsWellFormedOrRefused) {
  std::string out;
  EXPECT_TRUE(append_as_utf8(TextEncoding::utf8, "caf\xc3\xa9 \xe5\xbc\xa0 \xf0\x9f\x98\x80", out));
  for (const char* text : {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe5\xbc", "\x80", "\xff"}) {
    EXPECT_FALSE(append_as_utf8(TextEncoding::utf8, text, out));
  }
}

}  // namespace
}  // namespace tributary
