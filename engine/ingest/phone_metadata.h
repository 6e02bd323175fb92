// Numbering plans of the world, as far as matching phone numbers needs them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tributary {

struct PhoneRegion {
  std::string_view iso;  // ISO 3166-1 alpha-2, or `001` for world-wide services
  uint16_t calling_code;
  std::string_view trunk_prefix;          // dialled before a national number at home, or empty
  std::string_view prefix_pattern;        // all that may stand there: trunk prefixes, codes of carriers
  std::string_view prefix_rewrite;        // what becomes of the prefix when its last group took part, or empty: it goes
  std::string_view exit_pattern;          // dialled before a calling code
  std::string_view exit_pattern_earlier;  // the same in an earlier edition of the plans, or empty: no other
  uint32_t national_lengths;              // bit n: numbers of n digits exist
  std::string_view national_pattern;
  std::string_view mobile_pattern;  // empty: the plan does not tell mobile from fixed

  bool has_length(size_t digits) const { return digits < 32 && ((national_lengths >> digits) & 1) != 0; }
};

/// The region of an ISO code in capitals; null when unknown.
const PhoneRegion* find_phone_region(std::string_view iso);

/// All regions of the calling code that the digits begin with, the main one first; empty when no code fits. Calling
/// codes have 1 to 3 digits and none is the beginning of another (ITU-T E.164).
std::span<const PhoneRegion> phone_regions_of(std::string_view international_digits);

/// True when the whole national number fits the region's pattern. Thread: any; compiles a pattern at its first use.
bool is_national_number(const PhoneRegion& region, std::string_view national_digits);
bool is_mobile_number(const PhoneRegion& region, std::string_view national_digits);

/// How many digits at the front are an exit code of the region; 0 for none. Nothing when the editions of the plans
/// differ there: what one reads as an exit code is the beginning of a national number to the other. Thread: any.
std::optional<size_t> exit_code_length(const PhoneRegion& region, std::string_view digits);

/// The number without the prefix that is dialled at home. A number that fits the plan with those digits and not without
/// them keeps them. Nothing when the plan writes other digits in their place, such as an area code. Thread: any.
std::optional<std::string_view> without_national_prefix(const PhoneRegion& region, std::string_view digits);

}  // namespace tributary
