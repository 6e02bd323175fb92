#include "engine/base/time.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

TEST(Iso8601, ReadsTheShapesThatSdksSend) {
  Timestamp expected{1795304562405000};
  EXPECT_EQ(parse_iso8601("2026-11-21T23:42:42.405Z"), expected);
  EXPECT_EQ(parse_iso8601("2026-11-21T23:42:42.405+00:00"), expected);
  EXPECT_EQ(parse_iso8601("2026-11-22T07:42:42.405+0800"), expected);
  EXPECT_EQ(parse_iso8601("2026-11-21 23:42:42.405"), expected);
  EXPECT_EQ(parse_iso8601("2026-11-21T23:42:42.405904123+00:00")->micros, 1795304562405904);
  EXPECT_EQ(parse_iso8601("1970-01-01")->micros, 0);
  EXPECT_EQ(parse_iso8601("1969-12-31T23:59:59Z")->micros, -kMicrosPerSecond);
}

TEST(Iso8601, RefusesWhatIsNoTime) {
  for (const char* text : {"", "yesterday", "2026-13-01", "2026-02-29", "2026-11-21T24:00:00Z", "2026-11-21T23:42:42.Z",
                           "2026-11-21T23:42:42Z rubbish", "2026-11-21T23:42:42+25:00", "12026-11-21", "2026-1-1"}) {
    EXPECT_FALSE(parse_iso8601(text)) << text;
  }
}

TEST(TimeOfDay, ReadsHoursAndMinutes) {
  EXPECT_EQ(parse_time_of_day("00:00"), 0);
  EXPECT_EQ(parse_time_of_day("03:05"), 3 * 3600 + 5 * 60);
  EXPECT_EQ(parse_time_of_day("23:59"), 86'340);
  for (const char* text : {"", "3:00", "03", "03:0", "24:00", "03:60", "03:00:00", "03:00 ", "off"}) {
    EXPECT_FALSE(parse_time_of_day(text)) << text;
  }
}

TEST(Iso8601, FormatsAndReadsBack) {
  for (int64_t micros : {0LL, -1LL, 1795304562405904LL, -62167219200000000LL, 253402300799999999LL}) {
    EXPECT_EQ(parse_iso8601(format_iso8601(Timestamp{micros}))->micros, micros);
  }
  EXPECT_EQ(format_iso8601(Timestamp{1795304562405000}), "2026-11-21T23:42:42.405Z");
}

}  // namespace
}  // namespace tributary
