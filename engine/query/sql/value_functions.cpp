// Functions of values: times, money, text.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/money.h"
#include "engine/ingest/record_value.h"
#include "engine/ingest/text_fold.h"
#include "engine/query/sql/function.h"
#include "engine/query/sql/table.h"
#include "engine/query/sql/window.h"

namespace tributary {
namespace {

using FunctionResult = Result<SqlValue>;

const TimeZone& zone_of(const SqlArguments& arguments) { return arguments.statement().query.rules.zone; }
Timestamp now_of(const SqlArguments& arguments) { return arguments.statement().query.now; }

FunctionResult within(const SqlArguments& arguments) {
  auto window = window_argument(arguments, 1);
  if (!window) return window.error();
  auto time = arguments.moment(0);
  return time ? SqlValue(int64_t{window->holds(*time)}) : SqlValue();
}

FunctionResult older_than(const SqlArguments& arguments) {
  auto window = window_argument(arguments, 1);
  if (!window) return window.error();
  auto time = arguments.moment(0);
  if (!time) return SqlValue();
  return SqlValue(int64_t{window->after && *time <= *window->after});
}

FunctionResult days_since(const SqlArguments& arguments) {
  auto time = arguments.moment(0);
  if (!time) return SqlValue();
  const TimeZone& zone = zone_of(arguments);
  return SqlValue(zone.local_day(now_of(arguments)) - zone.local_day(*time));
}

bool is_leap_year(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

/// Of 29 February in a common year the 28th.
int64_t birthday_in(int64_t year, unsigned month, unsigned day) {
  bool moved = month == 2 && day == 29 && !is_leap_year(year);
  return days_from_civil({year, month, moved ? 28 : day});
}

FunctionResult days_to_birthday(const SqlArguments& arguments) {
  std::string text = arguments.text(0);
  if (text.starts_with("--")) text = "2000-" + text.substr(2);  // a leap year: every day can be read
  auto date = parse_iso8601(text.substr(0, 10));
  if (!date) return SqlValue();
  CivilDate born = civil_from_days(date->micros / kMicrosPerDay - (date->micros % kMicrosPerDay < 0 ? 1 : 0));
  int64_t today = zone_of(arguments).local_day(now_of(arguments));
  int64_t year = civil_from_days(today).year;
  int64_t next = birthday_in(year, born.month, born.day);
  if (next < today) next = birthday_in(year + 1, born.month, born.day);
  return SqlValue(next - today);
}

FunctionResult money(const SqlArguments& arguments) {
  if (arguments.any_null()) return SqlValue();
  auto currency = parse_currency(arguments.text(1));
  if (!currency || !minor_unit_digits(*currency))
    return Error(ErrorCode::invalid, "the second argument is no currency");
  auto text = nfkc(arguments.text(0));
  auto value = text ? money_value(trim_white_space(*text), *currency) : RecordValue::refused("amount_invalid");
  std::string_view minor = value.value;
  if (minor.empty()) return Error(ErrorCode::invalid, "expected an amount such as '10万', '199.99' or '1500'");
  if (!minor.ends_with(*currency)) return Error(ErrorCode::invalid, "the amount names another currency");
  return SqlValue(static_cast<int64_t>(std::stoll(std::string(minor.substr(0, minor.find(' '))))));
}

FunctionResult money_text(const SqlArguments& arguments) {
  const auto* minor = std::get_if<int64_t>(&arguments.at(0));
  if (minor == nullptr) return SqlValue();
  auto currency = parse_currency(arguments.text(1));
  auto digits = currency ? minor_unit_digits(*currency) : std::nullopt;
  if (!digits) return Error(ErrorCode::invalid, "the second argument is no currency");
  return SqlValue(to_text(Decimal{*minor, *digits}));
}

FunctionResult local_date(const SqlArguments& arguments) {
  auto time = arguments.moment(0);
  return time ? SqlValue(local_date_text(zone_of(arguments), *time)) : SqlValue();
}

FunctionResult local_month(const SqlArguments& arguments) {
  constexpr size_t kMonthBytes = 7;
  auto time = arguments.moment(0);
  return time ? SqlValue(local_date_text(zone_of(arguments), *time).substr(0, kMonthBytes)) : SqlValue();
}

FunctionResult local_hour(const SqlArguments& arguments) {
  auto time = arguments.moment(0);
  if (!time) return SqlValue();
  const TimeZone& zone = zone_of(arguments);
  int64_t day = zone.local_day(*time);
  for (int64_t hour = 23; hour > 0; --hour) {
    if (zone.time_of(day, hour * 3600) <= *time) return SqlValue(hour);
  }
  return SqlValue(int64_t{0});
}

FunctionResult hours_between(const SqlArguments& arguments) {
  auto from = arguments.moment(0), to = arguments.moment(1);
  if (!from || !to) return SqlValue();
  return SqlValue(static_cast<double>(to->micros - from->micros) / kMicrosPerHour);
}

FunctionResult now_text(const SqlArguments& arguments) { return SqlValue(sql_time(now_of(arguments))); }

FunctionResult today_text(const SqlArguments& arguments) {
  return SqlValue(local_date_text(zone_of(arguments), now_of(arguments)));
}

FunctionResult ago(const SqlArguments& arguments) {
  auto window = window_argument(arguments, 0);
  if (!window) return window.error();
  return sql_time_or_null(window->after);
}

FunctionResult lower_text(const SqlArguments& arguments) {
  if (arguments.any_null()) return SqlValue();
  std::string text = arguments.text(0);
  auto lower = simple_lower(text);
  return SqlValue(lower ? std::move(*lower) : std::move(text));
}

FunctionResult upper_text(const SqlArguments& arguments) {
  if (arguments.any_null()) return SqlValue();
  std::string text = arguments.text(0);
  auto upper = simple_upper(text);
  return SqlValue(upper ? std::move(*upper) : std::move(text));
}

constexpr SqlFunction kValueFunctions[] = {
    {"within", 2, within},
    {"older_than", 2, older_than},
    {"days_since", 1, days_since},
    {"days_to_birthday", 1, days_to_birthday},
    {"money", 2, money},
    {"money_text", 2, money_text},
    {"local_date", 1, local_date},
    {"local_month", 1, local_month},
    {"local_hour", 1, local_hour},
    {"hours_between", 2, hours_between},
    {"now", 0, now_text},
    {"today", 0, today_text},
    {"ago", 1, ago},
    {"lower", 1, lower_text},
    {"upper", 1, upper_text},
};

}  // namespace

std::span<const SqlFunction> value_functions() { return kValueFunctions; }

}  // namespace tributary
