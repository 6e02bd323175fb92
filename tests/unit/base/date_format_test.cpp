#include "engine/base/date_format.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

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

}  // namespace
}  // namespace tributary
