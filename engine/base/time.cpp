#include "engine/base/time.h"

#include <fmt/format.h>

#include <chrono>

namespace tributary {
namespace {

class SystemClock final : public Clock {
 public:
  Timestamp now() const override {
    auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return Timestamp{std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count()};
  }
};

// Reads text front to back; every take_* leaves the position alone when it does not match.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  bool at_end() const { return position_ == text_.size(); }
  bool take(char expected) {
    if (at_end() || text_[position_] != expected) return false;
    ++position_;
    return true;
  }
  bool take_any(std::string_view allowed) {
    if (at_end() || allowed.find(text_[position_]) == std::string_view::npos) return false;
    ++position_;
    return true;
  }
  std::optional<int> take_digits(size_t count) {
    if (text_.size() - position_ < count) return std::nullopt;
    int value = 0;
    for (size_t i = 0; i < count; ++i) {
      char digit = text_[position_ + i];
      if (digit < '0' || digit > '9') return std::nullopt;
      value = value * 10 + (digit - '0');
    }
    position_ += count;
    return value;
  }
  std::optional<int> take_digit() { return take_digits(1); }

 private:
  std::string_view text_;
  size_t position_ = 0;
};

int days_in_month(int64_t year, unsigned month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

std::optional<int64_t> take_fraction_micros(Scanner& scanner) {
  if (!scanner.take_any(".,")) return 0;
  int64_t micros = 0;
  int digits = 0;
  while (auto digit = scanner.take_digit()) {
    if (digits < 6) micros = micros * 10 + *digit;
    if (++digits > 9) return std::nullopt;
  }
  if (digits == 0) return std::nullopt;
  for (int i = digits; i < 6; ++i) micros *= 10;
  return micros;
}

std::optional<int64_t> take_offset_micros(Scanner& scanner) {
  if (scanner.at_end() || scanner.take_any("Zz")) return 0;
  bool negative = scanner.take('-');
  if (!negative && !scanner.take('+')) return std::nullopt;
  auto hours = scanner.take_digits(2);
  if (!hours || *hours > 23) return std::nullopt;
  scanner.take(':');
  auto minutes = scanner.take_digits(2);
  if (!minutes) minutes = 0;
  if (*minutes > 59) return std::nullopt;
  int64_t micros = (*hours * 3600LL + *minutes * 60LL) * kMicrosPerSecond;
  return negative ? -micros : micros;
}

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

int64_t days_from_civil(CivilDate date) {
  int64_t y = date.year - (date.month <= 2);
  int64_t era = (y >= 0 ? y : y - 399) / 400;
  auto year_of_era = static_cast<unsigned>(y - era * 400);
  unsigned day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + static_cast<int64_t>(day_of_era) - 719468;
}

CivilDate civil_from_days(int64_t days) {
  days += 719468;
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  auto day_of_era = static_cast<unsigned>(days - era * 146097);
  unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  unsigned month_shifted = (5 * day_of_year + 2) / 153;
  unsigned day = day_of_year - (153 * month_shifted + 2) / 5 + 1;
  unsigned month = month_shifted < 10 ? month_shifted + 3 : month_shifted - 9;
  return CivilDate{static_cast<int64_t>(year_of_era) + era * 400 + (month <= 2), month, day};
}

std::optional<Timestamp> parse_iso8601(std::string_view text) {
  Scanner scanner(text);
  auto year = scanner.take_digits(4);
  if (!year || !scanner.take('-')) return std::nullopt;
  auto month = scanner.take_digits(2);
  if (!month || *month < 1 || *month > 12 || !scanner.take('-')) return std::nullopt;
  auto day = scanner.take_digits(2);
  if (!day || *day < 1 || *day > days_in_month(*year, static_cast<unsigned>(*month))) return std::nullopt;
  int64_t micros = days_from_civil({*year, static_cast<unsigned>(*month), static_cast<unsigned>(*day)}) * kMicrosPerDay;
  if (scanner.at_end()) return Timestamp{micros};

  if (!scanner.take_any("Tt ")) return std::nullopt;
  auto hour = scanner.take_digits(2);
  if (!hour || *hour > 23 || !scanner.take(':')) return std::nullopt;
  auto minute = scanner.take_digits(2);
  if (!minute || *minute > 59) return std::nullopt;
  int second = 0;
  int64_t fraction = 0;
  if (scanner.take(':')) {
    auto seconds = scanner.take_digits(2);
    if (!seconds || *seconds > 60) return std::nullopt;
    auto micros_of_second = take_fraction_micros(scanner);
    if (!micros_of_second) return std::nullopt;
    second = *seconds;
    fraction = *micros_of_second;
  }
  auto offset = take_offset_micros(scanner);
  if (!offset || !scanner.at_end()) return std::nullopt;
  return Timestamp{micros + (*hour * 3600LL + *minute * 60LL + second) * kMicrosPerSecond + fraction - *offset};
}

std::optional<int64_t> parse_time_of_day(std::string_view text) {
  Scanner scanner(text);
  auto hour = scanner.take_digits(2);
  if (!hour || *hour > 23 || !scanner.take(':')) return std::nullopt;
  auto minute = scanner.take_digits(2);
  if (!minute || *minute > 59 || !scanner.at_end()) return std::nullopt;
  return *hour * 3600LL + *minute * 60LL;
}

std::string format_iso8601(Timestamp time) {
  int64_t days = time.micros / kMicrosPerDay;
  int64_t rest = time.micros % kMicrosPerDay;
  if (rest < 0) {
    rest += kMicrosPerDay;
    --days;
  }
  CivilDate date = civil_from_days(days);
  int64_t seconds = rest / kMicrosPerSecond;
  int64_t micros = rest % kMicrosPerSecond;
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.", date.year, date.month, date.day,
                                 seconds / 3600, seconds / 60 % 60, seconds % 60);
  text += micros % 1000 == 0 ? fmt::format("{:03}Z", micros / 1000) : fmt::format("{:06}Z", micros);
  return text;
}

}  // namespace tributary
