// Points in time, as microseconds since 1970-01-01T00:00:00Z, and the only clock of the project.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tributary {

struct Timestamp {
  int64_t micros = 0;
  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kMicrosPerHour = 3600 * kMicrosPerSecond;
constexpr int64_t kMicrosPerDay = 24 * kMicrosPerHour;

/// The wall clock. Only the edge and the log ask it; the fold takes time from records. Tests give a fixed one.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;
};

/// The process's system clock. Thread: any.
const Clock& system_clock();

/// Reads ISO 8601 / RFC 3339: `2026-11-21`, `2026-11-21T23:42:42`, with 0-9 fractional digits, `Z` or any `+hh:mm`,
/// `+hhmm` offset, `T`, `t` or one space between; no offset means UTC. Leap second 60 counts as the next second. Digits
/// beyond microseconds are cut. Returns nothing for other text, for impossible dates, and for years outside 0000..9999.
/// Source: RFC 3339 section 5.6.
std::optional<Timestamp> parse_iso8601(std::string_view text);

/// `2026-11-21T23:42:42.405Z`; microseconds are shown only when they are not whole milliseconds.
std::string format_iso8601(Timestamp time);

/// `03:00`, `23:59` as seconds after midnight; nothing for other text.
std::optional<int64_t> parse_time_of_day(std::string_view text);

struct CivilDate {
  int64_t year;
  unsigned month;
  unsigned day;
};

/// Days since 1970-01-01 of a proleptic Gregorian date, and back.
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
int64_t days_from_civil(CivilDate date);
CivilDate civil_from_days(int64_t days);

}  // namespace tributary
