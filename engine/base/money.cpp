#include "engine/base/money.h"

#include <algorithm>
#include <charconv>

#include "engine/base/ascii.h"
#include "engine/base/text.h"

namespace tributary {
namespace {

// ISO 4217 list one. Codes without a minor unit of their own (XAU, XDR, ...) price nothing a shop sells and are left
// out. Sorted.
constexpr std::string_view kTwoDigits =
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF "
    "CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK "
    "HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR "
    "MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP "
    "SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD YER ZAR "
    "ZMW ZWG ZWL";
constexpr std::string_view kNoDigits = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
constexpr std::string_view kThreeDigits = "BHD IQD JOD KWD LYD OMR TND";
constexpr std::string_view kFourDigits = "CLF UYW";

bool lists(std::string_view codes, std::string_view code) {
  for (size_t at = 0; at < codes.size(); at += 4) {
    if (codes.substr(at, 3) == code) return true;
  }
  return false;
}

constexpr int kDigitsOfAmount = 36;      // as many as parse_decimal() takes
constexpr int kExponentMax = 1'000'000;  // beyond it lies no amount, but its digits are still counted

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
  text = trim(text);
  if (text.size() != 3) return std::nullopt;
  std::string code;
  for (char c : text) {
    char lower = ascii_lower(c);
    if (lower < 'a' || lower > 'z') return std::nullopt;
    code += static_cast<char>(lower - 'a' + 'A');
  }
  return code;
}

std::optional<int> minor_unit_digits(std::string_view currency) {
  auto code = parse_currency(currency);
  if (!code) return std::nullopt;
  int digits = minor_digits(*code);
  return digits != 2 || lists(kTwoDigits, *code) ? std::optional(digits) : std::nullopt;
}

int minor_digits(std::string_view currency) {
  if (lists(kNoDigits, currency)) return 0;
  if (lists(kThreeDigits, currency)) return 3;
  return lists(kFourDigits, currency) ? 4 : 2;
}

int64_t minor_per_unit(std::string_view currency) { return static_cast<int64_t>(power_of_ten(minor_digits(currency))); }

std::optional<Decimal> parse_amount(std::string_view text) {
  text = trim(text);
  if (auto plain = parse_decimal(text)) return plain;
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

std::optional<Decimal> multiply_amounts(const Decimal& a, const Decimal& b) {
  if (auto exact = multiply(a, b)) return exact;
  WideInteger digits = 0;
  if (__builtin_mul_overflow(a.digits, b.digits, &digits)) return std::nullopt;
  return parse_amount(to_text(Decimal{digits, 0}) + "e-" + std::to_string(a.scale + b.scale));
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

bool has_surplus_digits(const Decimal& amount, std::string_view currency) {
  int surplus = amount.scale - minor_digits(currency);
  return surplus > 0 && amount.digits % power_of_ten(surplus) != 0;
}

int64_t divide_half_even(WideInteger dividend, WideInteger divisor) {
  return static_cast<int64_t>(rounded_quotient(dividend, divisor));
}

}  // namespace tributary
