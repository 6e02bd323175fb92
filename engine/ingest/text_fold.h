// Unicode folding that never asks the C locale: normal forms, case, white space. ASCII takes a short way.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/ascii.h"

namespace tributary {

bool is_ascii(std::string_view text);

/// True when every byte is a visible ASCII character, U+0021..7E: then there is nothing to trim, remove or fold but
/// case.
bool is_visible_ascii(std::string_view text);

/// Without the characters of property White_Space at both ends. Bytes that are not UTF-8 are not white space.
std::string_view trim_white_space(std::string_view text);

/// True for a code point with the property White_Space. Source: Unicode 15, PropList.txt.
bool is_white_space(char32_t code_point);

/// Calls on_code_point(char32_t) for each; returns false at bytes that are not UTF-8.
template <class OnCodePoint>
bool for_each_code_point(std::string_view text, OnCodePoint on_code_point);

/// Without the control characters U+0000..1F, U+7F..9F.
std::string without_controls(std::string_view text);

// The following return nothing for text that is not UTF-8. Source: Unicode Standard Annex 15; simple case mappings.

std::optional<std::string> nfkc(std::string_view text);
/// NFKC with full case folding: for comparing, not for keeping.
std::optional<std::string> nfkc_casefold(std::string_view text);
/// What texts are compared by: the same, trimmed, with one blank for each run of white space inside.
std::optional<std::string> match_text(std::string_view text);
/// NFKC and simple lower-casing, each applied until neither changes anything, so that the result is its own image.
std::optional<std::string> nfkc_lower(std::string_view text);

/// Simple case mappings of each code point, the rest as it is.
std::optional<std::string> simple_lower(std::string_view text);
std::optional<std::string> simple_upper(std::string_view text);

/// True when the folded text has only punctuation and separators (categories P and Z).
bool is_punctuation_only(std::string_view text);

/// The value 0-9 of a decimal digit in any script, or -1. Source: Unicode 15, category Nd.
int decimal_digit(char32_t code_point);

inline bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_ascii_letter(char c) { return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'; }
inline bool is_ascii_alphanumeric(char c) { return is_ascii_digit(c) || is_ascii_letter(c); }

/// The code point at the front of non-empty text and its length in bytes; length 0 when it is no UTF-8.
struct FrontCodePoint {
  char32_t code_point;
  size_t bytes;
};
FrontCodePoint front_code_point_beyond_ascii(std::string_view text);
inline FrontCodePoint front_code_point(std::string_view text) {
  auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return {first, 1};
  return front_code_point_beyond_ascii(text);
}

template <class OnCodePoint>
bool for_each_code_point(std::string_view text, OnCodePoint on_code_point) {
  while (!text.empty()) {
    FrontCodePoint front = front_code_point(text);
    if (front.bytes == 0) return false;
    on_code_point(front.code_point);
    text.remove_prefix(front.bytes);
  }
  return true;
}

}  // namespace tributary
