#include "engine/query/sql/window.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace tributary {
namespace {

constexpr int64_t kWindowNumberMax = 36'600;
constexpr unsigned kMonthsPerYear = 12;
constexpr int64_t kDaysPerWeek = 7;

/// `30` and `cd` of `30cd`.
std::optional<std::pair<int64_t, std::string_view>> number_and_unit(std::string_view text) {
  int64_t number = 0;
  auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || number < 1) return std::nullopt;
  return std::pair(number, text.substr(static_cast<size_t>(end - text.data())));
}

/// Midnight with which the first of so many local months begins, of which the current one is the last.
Timestamp begin_of_months(const TimeZone& zone, Timestamp now, int64_t months) {
  CivilDate today = civil_from_days(zone.local_day(now));
  int64_t first = today.year * kMonthsPerYear + (today.month - 1) - (months - 1);
  int64_t month = first % kMonthsPerYear;
  CivilDate date{(first - month) / kMonthsPerYear, static_cast<unsigned>(month) + 1, 1};
  return zone.time_of(days_from_civil(date), 0);
}

}  // namespace

std::optional<int64_t> parse_fixed_length(std::string_view text) {
  auto parts = number_and_unit(text);
  if (!parts) return std::nullopt;
  auto [number, unit] = *parts;
  int64_t length = 0;
  if (unit == "s") length = kMicrosPerSecond;
  if (unit == "min") length = 60 * kMicrosPerSecond;
  if (unit == "h") length = kMicrosPerHour;
  if (unit == "d") length = kMicrosPerDay;
  if (unit == "w") length = kDaysPerWeek * kMicrosPerDay;
  if (length == 0 || number > kWindowNumberMax * (kMicrosPerDay / length)) return std::nullopt;
  return number * length;
}

std::optional<SqlWindow> parse_window(std::string_view text, const TimeZone& zone, Timestamp now) {
  if (text == "all") return SqlWindow{std::nullopt, now};
  if (auto length = parse_fixed_length(text)) return SqlWindow{Timestamp{now.micros - *length}, now};
  auto parts = number_and_unit(text);
  if (!parts || parts->first > kWindowNumberMax) return std::nullopt;
  auto [number, unit] = *parts;
  Timestamp begin;
  if (unit == "cd") {
    begin = zone.time_of(zone.local_day(now) - (number - 1), 0);
  } else if (unit == "cw" && number <= kWindowNumberMax / kDaysPerWeek) {
    int64_t weekday = (zone.local_day(now) + 3) % kDaysPerWeek;  // Monday is 0: 1970-01-01 was a Thursday
    begin = zone.time_of(zone.local_day(now) - weekday - kDaysPerWeek * (number - 1), 0);
  } else if (unit == "cm" && number <= kWindowNumberMax / 30) {
    begin = begin_of_months(zone, now, number);
  } else if (unit == "cy" && number <= kWindowNumberMax / 366) {
    CivilDate today = civil_from_days(zone.local_day(now));
    begin = zone.time_of(days_from_civil({today.year - (number - 1), 1, 1}), 0);
  } else {
    return std::nullopt;
  }
  return SqlWindow{Timestamp{begin.micros - 1}, now};
}

std::string local_date_text(const TimeZone& zone, Timestamp time) {
  CivilDate date = civil_from_days(zone.local_day(time));
  return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

}  // namespace tributary
