#include "connectors/webhook/mapping_functions.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/base/ascii.h"
#include "engine/base/decimal.h"
#include "engine/base/text.h"

namespace tributary {
namespace {

/// A JSON number taken apart: 0.<digits> * 10^exponent, without zeros at either end.
struct Parts {
  bool negative = false;
  std::string digits;
  int64_t exponent = 0;
  friend bool operator==(const Parts&, const Parts&) = default;
};

std::optional<Parts> parts_of(std::string_view number) {
  Parts parts;
  parts.negative = number.starts_with('-');
  if (parts.negative) number.remove_prefix(1);
  size_t mark = number.find_first_of("eE");
  if (mark != std::string_view::npos) {
    std::string_view power = number.substr(mark + 1);
    if (power.starts_with('+')) power.remove_prefix(1);
    auto [end, error] = std::from_chars(power.data(), power.data() + power.size(), parts.exponent);
    if (error != std::errc{} || end != power.data() + power.size()) return std::nullopt;
    if (parts.exponent > (int64_t{1} << 40) || parts.exponent < -(int64_t{1} << 40)) return std::nullopt;
    number = number.substr(0, mark);
  }
  size_t point = std::min(number.find('.'), number.size());
  parts.exponent += static_cast<int64_t>(point);
  parts.digits = std::string(number.substr(0, point));
  if (point < number.size()) parts.digits += number.substr(point + 1);
  size_t first = std::min(parts.digits.find_first_not_of('0'), parts.digits.size());
  parts.digits.erase(0, first);
  parts.exponent -= static_cast<int64_t>(first);
  parts.digits.resize(parts.digits.find_last_not_of('0') + 1);
  if (parts.digits.empty()) return Parts{};
  return parts;
}

/// digits * 10^-scale * micros_per_unit, cut to whole microseconds.
std::optional<Timestamp> instant_of_number(const Decimal& value, int64_t micros_per_unit) {
  WideInteger micros;
  if (__builtin_mul_overflow(value.digits, static_cast<WideInteger>(micros_per_unit), &micros)) return std::nullopt;
  for (int i = 0; i < value.scale; ++i) micros /= 10;
  // Years 0000 to 9999, as format_iso8601() writes them.
  constexpr WideInteger kFirst = WideInteger{-62167219200} * kMicrosPerSecond;
  constexpr WideInteger kEnd = WideInteger{253402300800} * kMicrosPerSecond;
  if (micros < kFirst || micros >= kEnd) return std::nullopt;
  return Timestamp{static_cast<int64_t>(micros)};
}

int64_t micros_per_unit_of(const Decimal& value) {
  WideInteger whole = value.digits < 0 ? -value.digits : value.digits;
  for (int i = 0; i < value.scale; ++i) whole /= 10;
  if (whole < 100'000'000'000) return kMicrosPerSecond;
  if (whole < 100'000'000'000'000) return 1000;
  if (whole < 100'000'000'000'000'000) return 1;
  return 0;
}

std::optional<Timestamp> instant_of_text(std::string_view text, const std::optional<DateFormat>& zone) {
  return zone ? zone->parse(text) : parse_iso8601(text);
}

}  // namespace

std::optional<std::string> decimal_number(std::string_view text) {
  auto value = parse_decimal(trim(text, kJsonSpace));
  if (!value) return std::nullopt;
  return to_text(*value);
}

std::optional<std::string> shifted_number(std::string_view minor_units, int digits) {
  auto value = parse_decimal(trim(minor_units, kJsonSpace));
  if (!value || value->scale + digits > kDecimalScaleMax) return std::nullopt;
  value->scale += digits;
  return to_text(*value);
}

bool same_number(std::string_view a, std::string_view b) {
  if (a == b) return true;
  auto first = parts_of(a), second = parts_of(b);
  return first && second && *first == *second;
}

std::optional<Timestamp> instant_of(std::string_view text, TimeUnit unit, const std::optional<DateFormat>& zone) {
  text = trim(text, kJsonSpace);
  if (unit == TimeUnit::iso8601) return instant_of_text(text, zone);
  auto value = parse_decimal(text);
  if (!value) return unit == TimeUnit::automatic ? instant_of_text(text, zone) : std::nullopt;
  if (unit == TimeUnit::seconds) return instant_of_number(*value, kMicrosPerSecond);
  if (unit == TimeUnit::millis) return instant_of_number(*value, 1000);
  int64_t micros_per_unit = micros_per_unit_of(*value);
  if (micros_per_unit == 0) return std::nullopt;
  return instant_of_number(*value, micros_per_unit);
}

}  // namespace tributary
