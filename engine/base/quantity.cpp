#include "engine/base/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace tributary {
namespace {

struct Unit {
  std::string_view name;
  int64_t factor;
};

// Ascending: the last one that divides a value gives its shortest spelling.
constexpr std::array<Unit, 9> kSizeUnits = {{{"B", 1},
                                             {"kB", 1000},
                                             {"KiB", 1ll << 10},
                                             {"MB", 1'000'000},
                                             {"MiB", 1ll << 20},
                                             {"GB", 1'000'000'000},
                                             {"GiB", 1ll << 30},
                                             {"TB", 1'000'000'000'000},
                                             {"TiB", 1ll << 40}}};
constexpr std::array<Unit, 6> kDurationUnits = {
    {{"us", 1}, {"ms", 1000}, {"s", 1'000'000}, {"m", 60'000'000}, {"h", 3'600'000'000}, {"d", 86'400'000'000}}};

Error invalid(std::string text) { return Error(ErrorCode::invalid, std::move(text)); }

template <size_t N>
Result<int64_t> parse_with_unit(std::string_view text, const std::array<Unit, N>& units, bool unit_required,
                                std::string_view expected) {
  size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  std::string_view unit_name = text.substr(digits);
  if (digits == 0) return invalid(std::string(expected));
  auto number = parse_integer(text.substr(0, digits));
  if (!number) return number.error();
  if (unit_name.empty()) {
    if (unit_required && *number != 0) return invalid("a unit is missing, " + std::string(expected));
    return *number;
  }
  auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == unit_name; });
  if (unit == units.end()) return invalid(std::string(expected));
  int64_t value = 0;
  if (__builtin_mul_overflow(*number, unit->factor, &value)) return invalid("the number is too large");
  return value;
}

template <size_t N>
std::string format_with_unit(int64_t value, const std::array<Unit, N>& units) {
  if (value == 0) return "0";
  const Unit* greatest = &units.front();
  for (const Unit& unit : units) {
    if (value % unit.factor == 0) greatest = &unit;
  }
  return std::to_string(value / greatest->factor) + std::string(greatest->name);
}

}  // namespace

Result<int64_t> parse_integer(std::string_view text) {
  std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) {
    return invalid("expected a whole number");
  }
  if (digits.size() > 1 && digits.front() == '0') return invalid("a number must not begin with 0");
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return invalid("the number is too large");
  return value;
}

Result<int64_t> parse_size(std::string_view text) {
  return parse_with_unit(text, kSizeUnits, false, "expected a size such as 65536, 64KiB or 4MB");
}

Result<int64_t> parse_duration(std::string_view text) {
  return parse_with_unit(text, kDurationUnits, true, "expected a duration such as 250ms, 10s or 7d");
}

std::string format_size(int64_t bytes) { return format_with_unit(bytes, kSizeUnits); }

std::string format_duration(int64_t micros) { return format_with_unit(micros, kDurationUnits); }

}  // namespace tributary
