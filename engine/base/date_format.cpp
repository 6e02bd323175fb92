#include "engine/base/date_format.h"

#include <charconv>

#include "engine/base/ascii.h"

namespace tributary {
namespace {

constexpr std::string_view kFields = "YymdHMSb%";
constexpr std::string_view kMonths = "janfebmaraprmayjunjulaugsepoctnovdec";

struct CivilTime {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes `least`..`most` digits from the front.
bool take_number(std::string_view& text, size_t least, size_t most, int& value) {
  size_t count = 0;
  value = 0;
  while (count < most && count < text.size() && is_digit(text[count])) value = value * 10 + (text[count++] - '0');
  text.remove_prefix(count);
  return count >= least;
}

bool take_month_name(std::string_view& text, int& month) {
  if (text.size() < 3) return false;
  size_t at = kMonths.find(ascii_lowered(text.substr(0, 3)));
  if (at == std::string_view::npos || at % 3 != 0) return false;
  month = static_cast<int>(at / 3) + 1;
  text.remove_prefix(3);
  return true;
}

/// Reads one %field. `separated`: no digit field follows directly, so one digit may do.
bool take_field(char field, bool separated, std::string_view& text, CivilTime& time) {
  size_t least = separated ? 1 : 2;
  switch (field) {
    case 'Y':
      return take_number(text, 4, 4, time.year);
    case 'y':
      if (!take_number(text, 2, 2, time.year)) return false;
      time.year += time.year >= 69 ? 1900 : 2000;
      return true;
    case 'm':
      return take_number(text, least, 2, time.month);
    case 'd':
      return take_number(text, least, 2, time.day);
    case 'H':
      return take_number(text, least, 2, time.hour);
    case 'M':
      return take_number(text, least, 2, time.minute);
    case 'S':
      return take_number(text, least, 2, time.second);
    case 'b':
      return take_month_name(text, time.month);
    default:
      return false;
  }
}

bool take_formatted(std::string_view format, std::string_view& text, CivilTime& time) {
  for (size_t i = 0; i < format.size(); ++i) {
    bool field = format[i] == '%' && format[i + 1] != '%';
    if (field) {
      bool separated = i + 2 < format.size() && format[i + 2] != '%';
      if (!take_field(format[++i], separated, text, time)) return false;
      continue;
    }
    if (format[i] == '%') ++i;
    if (text.empty() || text.front() != format[i]) return false;
    text.remove_prefix(1);
  }
  return text.empty();
}

std::optional<Timestamp> from_civil(const CivilTime& time, int64_t zone_micros) {
  if (time.month < 1 || time.month > 12 || time.day < 1 || time.hour > 23 || time.minute > 59 || time.second > 60) {
    return std::nullopt;
  }
  CivilDate date{time.year, static_cast<unsigned>(time.month), static_cast<unsigned>(time.day)};
  int64_t days = days_from_civil(date);
  CivilDate back = civil_from_days(days);
  if (back.day != date.day || back.month != date.month) return std::nullopt;  // 30 February
  int64_t seconds = time.hour * 3600 + time.minute * 60 + time.second;
  return Timestamp{days * kMicrosPerDay + seconds * kMicrosPerSecond - zone_micros};
}

std::optional<Timestamp> from_number(std::string_view text, int64_t micros_per_unit) {
  int64_t count = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  Timestamp time;
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (__builtin_mul_overflow(count, micros_per_unit, &time.micros)) return std::nullopt;
  return time;
}

/// True when the text says its own offset: `Z` at the end, or a sign behind the date part.
bool has_offset(std::string_view text) {
  if (text.size() < 11) return false;
  char last = text.back();
  return last == 'Z' || last == 'z' || text.find_first_of("+-", 10) != std::string_view::npos;
}

Result<int64_t> parse_zone(std::string_view zone) {
  if (zone == "UTC" || zone == "Z") return int64_t{0};
  int hours = 0, minutes = 0;
  bool sign = !zone.empty() && (zone[0] == '+' || zone[0] == '-');
  std::string_view rest = sign ? zone.substr(1) : zone;
  bool shape = sign && take_number(rest, 2, 2, hours) && rest.size() == 3 && rest[0] == ':';
  if (shape) rest.remove_prefix(1);
  if (!shape || !take_number(rest, 2, 2, minutes) || hours > 23 || minutes > 59) {
    return Error(ErrorCode::invalid, "zone must be UTC or an offset like +08:00");
  }
  int64_t micros = (hours * 60 + minutes) * 60 * kMicrosPerSecond;
  return zone[0] == '-' ? -micros : micros;
}

}  // namespace

Result<DateFormat> DateFormat::make(std::string_view format, std::string_view zone) {
  DateFormat made;
  made.format_ = format;
  auto offset = parse_zone(zone);
  if (!offset) return offset.error();
  made.zone_micros_ = *offset;
  if (format == "iso8601" || format == "unix_seconds" || format == "unix_millis") return made;
  bool has_year = false;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    char field = i + 1 < format.size() ? format[++i] : '\0';
    if (field == '\0' || kFields.find(field) == std::string_view::npos) {
      return Error(ErrorCode::invalid, "unknown field in the date format; known: %Y %y %m %d %H %M %S %b %%");
    }
    has_year = has_year || field == 'Y' || field == 'y';
  }
  if (!has_year) return Error(ErrorCode::invalid, "the date format has no year");
  return made;
}

std::optional<Timestamp> DateFormat::parse(std::string_view text) const {
  if (format_ == "unix_seconds") return from_number(text, kMicrosPerSecond);
  if (format_ == "unix_millis") return from_number(text, 1000);
  if (format_ == "iso8601") {
    auto time = parse_iso8601(text);
    if (time && !has_offset(text)) time->micros -= zone_micros_;
    return time;
  }
  CivilTime time;
  if (!take_formatted(format_, text, time)) return std::nullopt;
  return from_civil(time, zone_micros_);
}

}  // namespace tributary
