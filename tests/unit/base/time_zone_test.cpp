#include "engine/base/time_zone.h"

#include <gtest/gtest.h>

#include <limits>

namespace tributary {
namespace {

/// The local date of a moment, as text.
std::string local_date(const std::string& zone, std::string_view moment, int64_t plus_micros = 0) {
  Timestamp time = parse_iso8601(moment).value();
  time.micros += plus_micros;
  CivilDate date = civil_from_days(TimeZone::load(zone).value().local_day(time));
  return std::to_string(date.year) + "-" + std::to_string(date.month) + "-" + std::to_string(date.day);
}

TEST(TimeZone, DaysAreCountedFrom1970) {
  TimeZone utc = TimeZone::load("UTC").value();
  EXPECT_EQ(utc.local_day(Timestamp{0}), 0);
  EXPECT_EQ(utc.local_day(Timestamp{kMicrosPerDay - 1}), 0);
  EXPECT_EQ(utc.local_day(Timestamp{kMicrosPerDay}), 1);
}

TEST(TimeZone, TimeOfAClock) {
  auto when = [](const std::string& zone, CivilDate date, int64_t second) {
    return format_iso8601(TimeZone::load(zone).value().time_of(days_from_civil(date), second));
  };
  EXPECT_EQ(when("UTC", {1970, 1, 1}, 0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(when("Asia/Shanghai", {2026, 11, 21}, 3 * 3600), "2026-11-20T19:00:00.000Z");
  EXPECT_EQ(when("America/New_York", {2026, 3, 7}, 9000), "2026-03-07T07:30:00.000Z");
  EXPECT_EQ(when("America/New_York", {2026, 3, 8}, 9000), "2026-03-08T07:30:00.000Z") << "passed over";
  EXPECT_EQ(when("America/New_York", {2026, 3, 9}, 9000), "2026-03-09T06:30:00.000Z");
  EXPECT_EQ(when("America/New_York", {2026, 11, 1}, 5400), "2026-11-01T05:30:00.000Z") << "the first of two";
}

TEST(TimeZone, TimesBefore1970AreOfTheDayTheyFallOn) {
  TimeZone utc = TimeZone::load("UTC").value();
  EXPECT_EQ(utc.local_day(Timestamp{-1}), -1);
  EXPECT_EQ(utc.local_day(Timestamp{-kMicrosPerDay}), -1);
  EXPECT_EQ(utc.local_day(Timestamp{-kMicrosPerDay - 1}), -2);
  EXPECT_EQ(local_date("Asia/Shanghai", "1969-12-31T16:00:00Z", -1), "1969-12-31");
  EXPECT_EQ(local_date("Asia/Shanghai", "1969-12-31T16:00:00Z"), "1970-1-1");
}

TEST(TimeZone, DayBeginsAtLocalMidnight) {
  EXPECT_EQ(local_date("Asia/Shanghai", "2026-11-21T16:00:00Z", -1), "2026-11-21");
  EXPECT_EQ(local_date("Asia/Shanghai", "2026-11-21T16:00:00Z"), "2026-11-22");
  EXPECT_EQ(local_date("Asia/Kathmandu", "2026-11-21T18:15:00Z", -1), "2026-11-21");
  EXPECT_EQ(local_date("Asia/Kathmandu", "2026-11-21T18:15:00Z"), "2026-11-22");
  EXPECT_EQ(local_date("UTC", "2028-02-29T23:59:59.999999Z"), "2028-2-29");
}

TEST(TimeZone, DaylightSavingMovesMidnight) {
  EXPECT_EQ(local_date("America/New_York", "2026-01-15T05:00:00Z", -1), "2026-1-14");
  EXPECT_EQ(local_date("America/New_York", "2026-01-15T05:00:00Z"), "2026-1-15");
  EXPECT_EQ(local_date("America/New_York", "2026-07-15T04:00:00Z", -1), "2026-7-14");
  EXPECT_EQ(local_date("America/New_York", "2026-07-15T04:00:00Z"), "2026-7-15");
  // The day of 2026-03-08 has 23 hours, that of 2026-11-01 has 25.
  EXPECT_EQ(local_date("America/New_York", "2026-03-08T05:00:00Z"), "2026-3-8");
  EXPECT_EQ(local_date("America/New_York", "2026-03-09T04:00:00Z", -1), "2026-3-8");
  EXPECT_EQ(local_date("America/New_York", "2026-03-09T04:00:00Z"), "2026-3-9");
  EXPECT_EQ(local_date("America/New_York", "2026-11-01T04:00:00Z"), "2026-11-1");
  EXPECT_EQ(local_date("America/New_York", "2026-11-02T05:00:00Z", -1), "2026-11-1");
  EXPECT_EQ(local_date("America/New_York", "2026-11-02T05:00:00Z"), "2026-11-2");
}

TEST(TimeZone, UnknownNamesAreNone) {
  for (const char* name : {"", "Asia", "Asia/Atlantis", "Asia/Shanghai ", "+08:00", "../../../etc/passwd"}) {
    EXPECT_FALSE(TimeZone::load(name)) << name;
  }
}

TEST(TimeZone, EveryTimestampHasADay) {
  for (const char* name : {"UTC", "Asia/Shanghai", "America/New_York"}) {
    TimeZone zone = TimeZone::load(name).value();
    EXPECT_NEAR(static_cast<double>(zone.local_day(Timestamp{std::numeric_limits<int64_t>::max()})), 106'751'991, 1);
    EXPECT_NEAR(static_cast<double>(zone.local_day(Timestamp{std::numeric_limits<int64_t>::min()})), -106'751'992, 1);
  }
}

TEST(TimeZone, DaysLaterTheClockShowsTheSame) {
  auto later = [](const char* zone, const char* time, int64_t days) {
    return format_iso8601(TimeZone::load(zone).value().add_days(parse_iso8601(time).value(), days));
  };
  EXPECT_EQ(later("Asia/Shanghai", "2026-10-16T02:00:00.5Z", 5), "2026-10-21T02:00:00.500Z");
  EXPECT_EQ(later("America/New_York", "2026-03-07T17:00:00Z", 1), "2026-03-08T16:00:00.000Z");
  EXPECT_EQ(later("America/New_York", "2026-03-07T07:30:00Z", 1), "2026-03-08T07:00:00.000Z") << "02:30 is left out";
  EXPECT_EQ(later("America/New_York", "2026-10-31T16:00:00Z", 1), "2026-11-01T17:00:00.000Z");
  EXPECT_EQ(later("UTC", "1969-12-31T23:59:59.999999Z", -1), "1969-12-30T23:59:59.999999Z");
}

}  // namespace
}  // namespace tributary
