#include "engine/ingest/record_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "engine/base/money.h"
#include "engine/ingest/json_text.h"
#include "engine/ingest/normalise.h"
#include "engine/ingest/text_fold.h"

namespace tributary {
namespace {

constexpr size_t kIdentifierBytesMax = 512;

size_t count_characters(std::string_view text) {
  size_t count = 0;
  for_each_code_point(text, [&](char32_t) { ++count; });
  return count;
}

char32_t plain_bracket(char32_t c) {
  constexpr std::u32string_view kOpening = U"[{【〔〖《〈「『";
  constexpr std::u32string_view kClosing = U"]}】〕〗》〉」』";
  if (kOpening.find(c) != kOpening.npos) return '(';
  return kClosing.find(c) != kClosing.npos ? ')' : c;
}

bool hides_characters(std::string_view text) {
  return text.find('*') != text.npos || text.find("•") != text.npos || text.find("●") != text.npos;
}

bool are_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_ascii_digit);
}

/// Removes `prefix` from the front.
bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// Removes `least` to `most` digits from the front.
std::optional<unsigned> take_number(std::string_view& text, size_t least, size_t most) {
  size_t digits = 0;
  while (digits < std::min(most, text.size()) && is_ascii_digit(text[digits])) ++digits;
  if (digits < least) return std::nullopt;
  unsigned number = 0;
  std::string_view whole = text.substr(0, digits);
  std::from_chars(whole.data(), whole.data() + whole.size(), number);
  text.remove_prefix(digits);
  return number;
}

bool is_day(const CivilDate& date) {
  if (date.month < 1 || date.month > 12 || date.day < 1 || date.day > 31) return false;
  CivilDate same = civil_from_days(days_from_civil(date));
  return same.month == date.month && same.day == date.day;
}

/// Year, month and day in this order; nothing for text of another shape.
std::optional<CivilDate> take_date(std::string_view text) {
  CivilDate date{};
  auto year = take_number(text, 4, 4);
  if (!year) return std::nullopt;
  date.year = *year;
  if (text.size() == 4 && are_digits(text)) {
    date.month = *take_number(text, 2, 2);
    date.day = *take_number(text, 2, 2);
    return date;
  }
  struct Separators {
    std::string_view first, second, end;
  };
  constexpr std::array kSeparators = {Separators{"-", "-", ""}, Separators{"/", "/", ""}, Separators{".", ".", ""},
                                      Separators{"年", "月", "日"}, Separators{"年", "月", "号"}};
  for (const Separators& separators : kSeparators) {
    std::string_view rest = text;
    if (!take(rest, separators.first)) continue;
    auto month = take_number(rest, 1, 2);
    if (!month || !take(rest, separators.second)) continue;
    auto day = take_number(rest, 1, 2);
    if (!day || rest != separators.end) continue;
    date.month = *month;
    date.day = *day;
    return date;
  }
  return std::nullopt;
}

/// A day and a month, in whatever order, in front of a year: `10/11/2023`, `5.1.23`.
bool year_stands_last(std::string_view text) {
  if (!take_number(text, 1, 2) || text.empty()) return false;
  char separator = text.front();
  if (separator != '/' && separator != '-' && separator != '.') return false;
  text.remove_prefix(1);
  if (!take_number(text, 1, 2) || !text.starts_with(separator)) return false;
  text.remove_prefix(1);
  return (text.size() == 2 || text.size() == 4) && are_digits(text);
}

std::string padded(unsigned number) { return (number < 10 ? "0" : "") + std::to_string(number); }

/// Without the commas between groups of three digits; nothing when they stand elsewhere.
std::optional<std::string> without_grouping(std::string_view text) {
  std::string_view whole = text.substr(0, text.find('.'));
  size_t comma = whole.find(',');
  if (comma == whole.npos) return text.find(',') == text.npos ? std::optional(std::string(text)) : std::nullopt;
  if (comma == 0 || comma > 3) return std::nullopt;
  std::string plain(whole.substr(0, comma));
  for (std::string_view rest = whole.substr(comma); !rest.empty(); rest.remove_prefix(4)) {
    if (rest.size() < 4 || rest[0] != ',' || !are_digits(rest.substr(1, 3))) return std::nullopt;
    plain += rest.substr(1, 3);
  }
  if (text.find(',', whole.size()) != text.npos) return std::nullopt;
  return plain + std::string(text.substr(whole.size()));
}

struct Sum {
  std::string_view number;
  std::string currency;
  int64_t factor = 1;
};

/// Takes `¥`, `USD`, `元`, `万` and `亿` off; nothing when what they say of the currency differs.
std::optional<Sum> taken_apart(std::string_view text, std::string_view currency) {
  Sum sum{text, std::string(currency)};
  auto cut_back = [&](std::string_view ending) {
    if (!sum.number.ends_with(ending)) return false;
    sum.number.remove_suffix(ending.size());
    sum.number = trim_white_space(sum.number);
    return true;
  };
  auto named = [](std::string_view code) -> std::optional<std::string> {
    auto parsed = parse_currency(code);
    return parsed && minor_unit_digits(*parsed) ? parsed : std::nullopt;
  };
  bool yuan = false;
  if (take(sum.number, "¥")) {
    // The sign of yuan and of yen.
    if (currency != "CNY" && currency != "JPY") return std::nullopt;
  } else if (sum.number.size() > 3 && is_ascii_letter(sum.number.front())) {
    auto code = named(sum.number.substr(0, 3));
    if (!code && sum.number.substr(0, 3) == "RMB") code = "CNY";
    if (!code) return std::nullopt;
    sum.currency = *code;
    sum.number.remove_prefix(3);
  } else if (sum.number.size() > 3 && is_ascii_letter(sum.number.back())) {
    auto code = named(sum.number.substr(sum.number.size() - 3));
    if (!code) return std::nullopt;
    sum.currency = *code;
    sum.number.remove_suffix(3);
  }
  sum.number = trim_white_space(sum.number);
  yuan = cut_back("元") || cut_back("圆");
  if (yuan && sum.currency != "CNY") return std::nullopt;
  if (cut_back("亿")) {
    sum.factor = 100'000'000;
  } else if (cut_back("万")) {
    sum.factor = 10'000;
  }
  return sum;
}

RecordValue minor_units(const std::optional<Decimal>& amount, std::string_view currency) {
  auto minor = amount ? to_minor(*amount, currency) : std::nullopt;
  if (!minor || *minor < 0) return RecordValue::refused("amount_invalid");
  RecordValue money = RecordValue::of(std::to_string(*minor) + ' ' + std::string(currency));
  if (has_surplus_digits(*amount, currency)) money.code = "amount_rounded";
  return money;
}

/// `CX`, a year of these two centuries, a month, 4 to 7 digits.
bool is_customer_no(std::string_view text) {
  if (!take(text, "CX") || !are_digits(text) || text.size() < 10 || text.size() > 13) return false;
  if (!text.starts_with("19") && !text.starts_with("20")) return false;
  std::string_view month = text.substr(4, 2);
  return month >= "01" && month <= "12";
}

RecordValue identifier_value(IdentifierFamily family, std::string_view text, std::string_view default_country) {
  Normalised normalised = normalise_value({family, {}}, text, default_country, kIdentifierBytesMax);
  if (!normalised.value) return RecordValue::refused(normalised.reason);
  return RecordValue::of(std::move(*normalised.value));
}

}  // namespace

RecordValue name_value(std::string_view text, size_t characters_max) {
  auto normal = nfkc(without_controls(text));
  if (!normal) return RecordValue::refused("text_invalid");
  std::string name;
  bool gap = false;
  for_each_code_point(trim_white_space(*normal), [&](char32_t c) {
    if (is_white_space(c)) {
      gap = true;
      return;
    }
    if (gap) name += ' ';
    gap = false;
    append_utf8(name, plain_bracket(c));
  });
  if (hides_characters(name)) return RecordValue::refused("value_masked");
  if (count_characters(name) > characters_max) return RecordValue::refused("text_too_long");
  return RecordValue::of(std::move(name));
}

RecordValue free_text_value(std::string_view text, size_t characters_max) {
  std::string kept = without_controls(text);
  if (count_characters(kept) > characters_max) return RecordValue::refused("text_too_long");
  return RecordValue::of(std::move(kept));
}

RecordValue date_value(std::string_view text, Timestamp now) {
  auto normal = nfkc(text);
  std::string_view said = normal ? trim_white_space(*normal) : std::string_view();
  auto date = take_date(said);
  if (!date) return RecordValue::refused(year_stands_last(said) ? "date_ambiguous" : "date_invalid");
  if (!is_day(*date)) return RecordValue::refused("date_invalid");
  int64_t day = days_from_civil(*date);
  if (date->year < 1900 || day > now.micros / kMicrosPerDay + 1) return RecordValue::refused("date_range");
  return RecordValue::of(std::to_string(date->year) + '-' + padded(date->month) + '-' + padded(date->day));
}

RecordValue birthday_value(std::string_view text, Timestamp now) {
  auto normal = nfkc(text);
  if (!normal || !normal->starts_with("--")) return date_value(text, now);
  std::string_view said = std::string_view(*normal).substr(2);
  constexpr int64_t kAnyLeapYear = 2000;
  auto month = take_number(said, 2, 2);
  bool apart = month && take(said, "-");
  auto day = apart ? take_number(said, 2, 2) : std::nullopt;
  if (!day || !said.empty() || !is_day({kAnyLeapYear, *month, *day})) return RecordValue::refused("date_invalid");
  return RecordValue::of("--" + padded(*month) + '-' + padded(*day));
}

RecordValue money_value(std::string_view text, std::string_view currency) {
  auto normal = nfkc(text);
  auto sum = normal ? taken_apart(trim_white_space(*normal), currency) : std::nullopt;
  auto number = sum ? without_grouping(sum->number) : std::nullopt;
  auto amount = number ? parse_amount(*number) : std::nullopt;
  if (!amount) return RecordValue::refused("amount_invalid");
  return minor_units(multiply_amounts(*amount, Decimal{sum->factor, 0}), sum->currency);
}

RecordValue minor_money_value(std::string_view text, std::string_view currency) {
  int64_t minor = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), minor);
  bool whole = error == std::errc() && end == text.data() + text.size() && minor >= 0;
  if (!whole) return RecordValue::refused("amount_invalid");
  return RecordValue::of(std::to_string(minor) + ' ' + std::string(currency));
}

RecordValue count_value(std::string_view text) {
  auto normal = nfkc(text);
  std::string_view said = normal ? std::string_view(*normal) : std::string_view();
  if (said.ends_with("人")) said.remove_suffix(std::string_view("人").size());
  auto plain = without_grouping(trim_white_space(said));
  uint32_t number = 0;
  if (!plain || !are_digits(*plain)) return RecordValue::refused("number_invalid");
  auto [end, error] = std::from_chars(plain->data(), plain->data() + plain->size(), number);
  if (error != std::errc()) return RecordValue::refused("number_invalid");
  return RecordValue::of(std::to_string(number));
}

RecordValue phone_value(std::string_view text, std::string_view default_country) {
  if (hides_characters(text)) return RecordValue::refused("value_masked");
  RecordValue phone = identifier_value(IdentifierFamily::phone, text, default_country);
  if (phone.code != "phone_service_number") return phone;
  RecordValue service = name_value(text, 30);
  if (!service.value.empty()) service.code = phone.code;
  return service;
}

RecordValue email_value(std::string_view text) { return identifier_value(IdentifierFamily::email, text, {}); }

RecordValue credit_code_value(std::string_view text) {
  RecordValue code = identifier_value(IdentifierFamily::uscc, text, {});
  return code.value.empty() ? RecordValue::refused("uscc_invalid") : code;
}

RecordValue customer_no_value(std::string_view text) {
  auto normal = nfkc(text);
  if (normal) {
    for (char& c : *normal) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  if (!normal || !is_customer_no(*normal)) return RecordValue::refused("customer_no_format");
  return RecordValue::of(std::move(*normal));
}

}  // namespace tributary
