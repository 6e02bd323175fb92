#include "engine/ingest/normalise_phone.h"

#include <algorithm>
#include <array>
#include <string>

#include "engine/ingest/json_text.h"
#include "engine/ingest/phone_metadata.h"
#include "engine/ingest/text_fold.h"

namespace tributary {
namespace {

// E.164 allows at most 15 digits with the country code; below 8 there are only short codes.
constexpr size_t kDigitsMin = 8;
constexpr size_t kDigitsMax = 15;
constexpr size_t kExtensionDigitsMax = 6;
constexpr uint16_t kChina = 86;

bool all_digits(std::string_view text) { return std::all_of(text.begin(), text.end(), is_ascii_digit); }

/// Normal form, with the digits of every script as ASCII.
std::optional<std::string> folded(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  std::optional<std::string> normal = nfkc(text);
  if (!normal) return std::nullopt;
  std::string result;
  for_each_code_point(*normal, [&](char32_t c) {
    int digit = decimal_digit(c);
    if (digit >= 0) {
      result += static_cast<char>('0' + digit);
    } else {
      append_utf8(result, c);
    }
  });
  return result;
}

bool starts_with_ignoring_case(std::string_view text, std::string_view lower_prefix) {
  if (text.size() < lower_prefix.size()) return false;
  for (size_t i = 0; i < lower_prefix.size(); ++i) {
    if (ascii_lower(text[i]) != lower_prefix[i]) return false;
  }
  return true;
}

/// Without what programs put around a number: `tel:`, a spreadsheet's leading apostrophe and trailing `.0`.
std::string_view without_tel_wrapping(std::string_view text) {
  text = trim_white_space(text);
  if (starts_with_ignoring_case(text, "tel:")) text = trim_white_space(text.substr(4));
  if (text.starts_with('\'')) text = trim_white_space(text.substr(1));
  std::string_view digits = text.substr(text.starts_with('+') ? 1 : 0);
  if (digits.size() > 2 && digits.ends_with(".0") && all_digits(digits.substr(0, digits.size() - 2))) {
    text.remove_suffix(2);
  }
  return text;
}

/// `1.38E+10`: a spreadsheet has thrown digits away.
bool is_mangled(std::string_view text) {
  size_t exponent = text.find_first_of("eE");
  if (exponent == std::string_view::npos || exponent == 0) return false;
  std::string_view mantissa = text.substr(0, exponent);
  std::string_view power = text.substr(exponent + 1);
  if (power.starts_with('+')) power.remove_prefix(1);
  return is_ascii_digit(mantissa.front()) && mantissa.find_first_not_of("0123456789.,") == std::string_view::npos &&
         !power.empty() && power.size() <= 3 && all_digits(power);
}

struct Extended {
  std::string_view number;
  std::string_view extension;  // digits, or empty
};

/// Splits `... ext. 801`, `...x801`, `...#801`, `...转801`, `...;ext=801`.
Extended split_extension(std::string_view text) {
  constexpr std::array<std::string_view, 8> kMarkers = {";ext", "extension", "ext", "x", "#", "转接", "转", "分机"};
  size_t digits_begin = text.size();
  while (digits_begin > 0 && is_ascii_digit(text[digits_begin - 1])) --digits_begin;
  std::string_view extension = text.substr(digits_begin);
  std::string_view head = text.substr(0, digits_begin);
  if (extension.empty() || extension.size() > kExtensionDigitsMax) return {text, {}};
  while (!head.empty() && std::string_view(" .:=").find(head.back()) != std::string_view::npos) head.remove_suffix(1);
  for (std::string_view marker : kMarkers) {
    if (head.size() <= marker.size()) continue;
    if (!starts_with_ignoring_case(head.substr(head.size() - marker.size()), marker)) continue;
    head.remove_suffix(marker.size());
    while (!head.empty() && std::string_view(" ,;").find(head.back()) != std::string_view::npos) head.remove_suffix(1);
    return {head, extension};
  }
  return {text, {}};
}

bool is_separator(char32_t c) {
  if (is_white_space(c)) return true;
  switch (c) {
    case '-':
    case '.':
    case '(':
    case ')':
    case '/':
    case 0x2212:  // minus sign
    case 0x200b:  // zero-width characters, directional marks and the word joiner, which pages put around numbers
    case 0x200c:
    case 0x200d:
    case 0x200e:
    case 0x200f:
    case 0x202a:
    case 0x202c:
    case 0x2060:
    case 0xfeff:
      return true;
    default:
      return c >= 0x2010 && c <= 0x2015;  // hyphens and dashes
  }
}

struct Digits {
  std::string digits;
  std::string_view fault;
};

/// The digits alone. `x` among them is a mask, any other letter is no number.
Digits digits_of(std::string_view text) {
  Digits result;
  result.digits.reserve(kDigitsMax + 1);
  for_each_code_point(text, [&](char32_t c) {
    if (c >= '0' && c <= '9') {
      result.digits += static_cast<char>(c);
    } else if (!is_separator(c) && result.fault.empty()) {
      result.fault = (c == 'x' || c == 'X') && !result.digits.empty() ? "value_masked" : "phone_invalid";
    }
  });
  return result;
}

/// Drops the `(0)` of `+44 (0)20 ...`, where the plan has a trunk zero. `text` begins behind the `+`.
std::string without_trunk_in_parentheses(std::string_view text) {
  size_t zero = text.find("(0)");
  if (zero == std::string_view::npos) return std::string(text);
  Digits before = digits_of(text.substr(0, zero));
  auto regions = before.fault.empty() ? phone_regions_of(before.digits) : std::span<const PhoneRegion>{};
  bool right_after_code = !regions.empty() && std::to_string(regions[0].calling_code) == before.digits;
  if (!right_after_code || regions[0].trunk_prefix != "0") return std::string(text);
  return before.digits + std::string(text.substr(zero + 3));
}

/// The part behind +86. `trunk` tells that a trunk zero stood before it, as area codes have at home.
Normalised chinese_number(std::string_view national, bool area_code_expected) {
  auto accepted = [&](bool land_line) {
    Normalised number = Normalised::of("+86" + std::string(national));
    number.claimed_only = land_line;
    return number;
  };
  if (national.size() < 7) return Normalised::refused(national.size() < 3 ? "phone_length" : "phone_service_number");
  char first = national[0], second = national[1];
  if (first == '0') return Normalised::refused("phone_prefix");
  bool hotline = national.starts_with("400") || national.starts_with("800");
  if (hotline && national.size() == 10) return Normalised::refused("phone_service_number");
  if (!area_code_expected && first == '9' && (second == '5' || second == '6') && national.size() <= 8) {
    return Normalised::refused("phone_service_number");
  }
  if (first == '1' && second >= '3') {
    return national.size() == 11 ? accepted(false) : Normalised::refused("phone_length");
  }
  if (first == '1' && second != '0') return Normalised::refused("phone_prefix");
  size_t area_code = first == '1' || first == '2' ? 2 : 3;
  size_t subscriber = national.size() - area_code;
  bool fits = subscriber == 8 || (subscriber == 7 && area_code == 3);
  return fits ? accepted(true) : Normalised::refused("phone_length");
}

/// `digits` begin with a calling code.
Normalised international_number(std::string_view digits) {
  auto regions = phone_regions_of(digits);
  if (regions.empty()) return Normalised::refused("phone_prefix");
  const PhoneRegion& main = regions[0];
  std::string_view national = digits.substr(std::to_string(main.calling_code).size());
  if (main.calling_code == kChina) return chinese_number(national, true);
  if (digits.size() < kDigitsMin || digits.size() > kDigitsMax) return Normalised::refused("phone_length");
  auto fits = [&](const PhoneRegion& region) { return region.has_length(national.size()); };
  if (std::none_of(regions.begin(), regions.end(), fits)) return Normalised::refused("phone_length");
  // A trunk prefix kept behind the calling code is a slip of the pen; dropping it would be a repair.
  if (without_national_prefix(main, national) != national) return Normalised::refused("phone_prefix");
  Normalised number = Normalised::of('+' + std::string(digits));
  bool told_apart =
      std::any_of(regions.begin(), regions.end(), [](auto& region) { return !region.mobile_pattern.empty(); });
  auto mobile = [&](const PhoneRegion& region) { return is_mobile_number(region, national); };
  number.claimed_only = told_apart && std::none_of(regions.begin(), regions.end(), mobile);
  return number;
}

Normalised national_chinese_number(std::string_view digits) {
  if (digits.size() == 13 && digits.starts_with("861") && digits[3] >= '3') digits.remove_prefix(2);
  if (digits.starts_with('0')) return chinese_number(digits.substr(1), true);
  Normalised number = chinese_number(digits, false);
  // Without its trunk zero an area code cannot be told from other digits.
  if (number.claimed_only) return Normalised::refused(digits.size() == 11 ? "phone_prefix" : "phone_length");
  return number;
}

Normalised national_number(std::string_view digits, const PhoneRegion& region) {
  if (region.calling_code == kChina) return national_chinese_number(digits);
  std::optional<std::string_view> national = without_national_prefix(region, digits);
  if (!national) return Normalised::refused("phone_length");
  // Regions that share a calling code share its numbers: in Puerto Rico one dials New York as in New York. But what the
  // region's own prefix leaves must be as long as its own numbers, or the digits were no prefix.
  std::string international = std::to_string(region.calling_code) + std::string(*national);
  auto sharing = phone_regions_of(international);
  auto is_number = [&](const PhoneRegion& one) { return is_national_number(one, *national); };
  bool prefix_fits = national->size() == digits.size() || region.has_length(national->size());
  if (!prefix_fits || std::none_of(sharing.begin(), sharing.end(), is_number)) {
    bool length_fits = region.has_length(national->size()) || region.has_length(digits.size());
    return Normalised::refused(length_fits ? "phone_prefix" : "phone_length");
  }
  return international_number(international);
}

/// The text behind a leading `+`, before which marks and an opening parenthesis may stand: `(+44) 20 ...`.
std::optional<std::string_view> behind_plus(std::string_view text) {
  while (!text.empty()) {
    FrontCodePoint front = front_code_point(text);
    if (front.bytes == 0) break;
    text.remove_prefix(front.bytes);
    if (front.code_point == '+') return text;
    if (!is_separator(front.code_point)) break;
  }
  return std::nullopt;
}

Normalised dialled_number(std::string_view text, std::string_view default_country) {
  std::optional<std::string_view> plus = behind_plus(text);
  Digits found = plus ? digits_of(without_trunk_in_parentheses(*plus)) : digits_of(text);
  if (!found.fault.empty()) return Normalised::refused(found.fault);
  std::string_view digits = found.digits;
  if (digits.empty()) return Normalised::refused("phone_invalid");
  if (plus) return international_number(digits);
  const PhoneRegion* region = find_phone_region(default_country);
  // Without a country not even 00 is an exit code: 001 is one in Hong Kong, where 00 1 would be North America.
  if (region == nullptr) return Normalised::refused("phone_country_missing");
  std::optional<size_t> exit_code = exit_code_length(*region, digits);
  if (!exit_code) return Normalised::refused("phone_prefix");
  return *exit_code > 0 ? international_number(digits.substr(*exit_code)) : national_number(digits, *region);
}

}  // namespace

Normalised normalise_phone(std::string_view trimmed, std::string_view default_country) {
  std::optional<std::string> text = folded(trimmed);
  if (!text) return Normalised::refused("phone_invalid");
  std::string_view unwrapped = without_tel_wrapping(*text);
  if (is_mangled(unwrapped)) return Normalised::refused("phone_mangled");
  Extended parts = split_extension(unwrapped);
  Normalised number = dialled_number(parts.number, default_country);
  if (number.value && !parts.extension.empty()) {
    *number.value += ";ext=";
    *number.value += parts.extension;
  }
  return number;
}

}  // namespace tributary
