// Well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF. Source: Unicode 15, table 3-7.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tributary {

constexpr std::string_view kReplacementCharacter = "\xef\xbf\xbd";  // U+FFFD
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";         // U+FEFF, where a text begins

/// Bytes of the well-formed sequence at the front of `text`, which is not empty; 0 when there is none.
size_t utf8_sequence(std::string_view text);

bool is_utf8(std::string_view text);

/// The text with each maximal ill-formed subsequence replaced by U+FFFD.
/// Source: Unicode 15 section 3.9, "U+FFFD Substitution of Maximal Subparts".
std::string valid_utf8(std::string_view text);

}  // namespace tributary
