#include "engine/base/money.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/base/ascii.h"

namespace tributary {
namespace {

struct MinorDigits {
  std::string_view currency;
  int digits;
};

// Those that do not have two.
constexpr std::array kMinorDigits = {
    MinorDigits{"BHD", 3}, MinorDigits{"BIF", 0}, MinorDigits{"CLF", 4}, MinorDigits{"CLP", 0}, MinorDigits{"DJF", 0},
    MinorDigits{"GNF", 0}, MinorDigits{"IQD", 3}, MinorDigits{"ISK", 0}, MinorDigits{"JOD", 3}, MinorDigits{"JPY", 0},
    MinorDigits{"KMF", 0}, MinorDigits{"KRW", 0}, MinorDigits{"KWD", 3}, MinorDigits{"LYD", 3}, MinorDigits{"OMR", 3},
    MinorDigits{"PYG", 0}, MinorDigits{"RWF", 0}, MinorDigits{"TND", 3}, MinorDigits{"UGX", 0}, MinorDigits{"UYI", 0},
    MinorDigits{"UYW", 4}, MinorDigits{"VND", 0}, MinorDigits{"VUV", 0}, MinorDigits{"XAF", 0}, MinorDigits{"XOF", 0},
    MinorDigits{"XPF", 0},
};

constexpr int kDigitsOfAmount = 36;      // as many as parse_decimal() takes
constexpr int kExponentMax = 1'000'000;  // beyond it lies no amount, but its digits are still counted

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// A number as it is written: digits without leading zeros, of which the last `places` stand behind the point.
struct WrittenNumber {
  std::string digits;
  int places = 0;
  bool negative = false;
};

std::optional<WrittenNumber> read_digits(std::string_view text) {
  WrittenNumber number;
  number.negative = text.starts_with('-');
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  bool point = false, any = false;
  for (char c : text) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9' || number.places >= kExponentMax) return std::nullopt;
    any = true;
    if (c != '0' || !number.digits.empty()) number.digits += c;
    if (point) ++number.places;
  }
  if (!any) return std::nullopt;
  return number;
}

bool add_exponent(std::string_view text, WrittenNumber& number) {
  bool plus = text.starts_with('+');
  if (plus) text.remove_prefix(1);
  int exponent = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  bool whole = error == std::errc() && end == text.data() + text.size() && !(plus && text.starts_with('-'));
  if (!whole || exponent < -kExponentMax || exponent > kExponentMax) return false;
  number.places -= exponent;
  return true;
}

/// Digits behind the last place that a Decimal has decide nothing but which way a half is rounded, far in front of
/// them: a last digit that is none of a half stands for them.
void drop_surplus_places(WrittenNumber& number) {
  int surplus = number.places - kDecimalScaleMax;
  if (surplus <= 0) return;
  size_t dropped = std::min(static_cast<size_t>(surplus), number.digits.size());
  bool something = number.digits.find_first_not_of('0', number.digits.size() - dropped) != std::string::npos;
  number.digits.resize(number.digits.size() - dropped);
  number.places = kDecimalScaleMax;
  if (!something) return;
  if (number.digits.empty()) number.digits = "0";
  if (number.digits.back() == '0' || number.digits.back() == '5') ++number.digits.back();
}

WideInteger power_of_ten(int exponent) {
  WideInteger power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

WideInteger rounded_quotient(WideInteger dividend, WideInteger divisor) {
  WideInteger quotient = dividend / divisor, rest = dividend % divisor;
  if (rest < 0) rest = -rest;
  bool up = rest > divisor - rest || (rest == divisor - rest && quotient % 2 != 0);
  return up ? quotient + (dividend < 0 ? -1 : 1) : quotient;
}

}  // namespace

std::optional<std::string> parse_currency(std::string_view text) {
  text = trimmed(text);
  if (text.size() != 3) return std::nullopt;
  std::string code;
  for (char c : text) {
    char lower = ascii_lower(c);
    if (lower < 'a' || lower > 'z') return std::nullopt;
    code += static_cast<char>(lower - 'a' + 'A');
  }
  return code;
}

int minor_digits(std::string_view currency) {
  const auto* place =
      std::lower_bound(kMinorDigits.begin(), kMinorDigits.end(), currency,
                       [](const MinorDigits& row, std::string_view code) { return row.currency < code; });
  return place != kMinorDigits.end() && place->currency == currency ? place->digits : 2;
}

std::optional<Decimal> parse_amount(std::string_view text) {
  text = trimmed(text);
  size_t mark = std::min(text.find_first_of("eE"), text.size());
  auto written = read_digits(text.substr(0, mark));
  if (!written || (mark < text.size() && !add_exponent(text.substr(mark + 1), *written))) return std::nullopt;
  drop_surplus_places(*written);
  if (written->digits.empty()) return Decimal{};
  if (written->places < -kDigitsOfAmount || written->digits.size() > kDigitsOfAmount) return std::nullopt;
  for (; written->places < 0; ++written->places) written->digits += '0';
  auto value = parse_decimal(written->digits);
  if (!value) return std::nullopt;
  value->scale = written->places;
  return written->negative ? negate(*value) : *value;
}

std::optional<int64_t> to_minor(const Decimal& amount, std::string_view currency) {
  int surplus = amount.scale - minor_digits(currency);
  WideInteger minor = amount.digits;
  if (surplus > 0) {
    minor = rounded_quotient(minor, power_of_ten(surplus));
  } else if (__builtin_mul_overflow(minor, power_of_ten(-surplus), &minor)) {
    return std::nullopt;
  }
  if (minor > INT64_MAX || minor < INT64_MIN) return std::nullopt;
  return static_cast<int64_t>(minor);
}

int64_t divide_half_even(WideInteger dividend, WideInteger divisor) {
  return static_cast<int64_t>(rounded_quotient(dividend, divisor));
}

}  // namespace tributary
