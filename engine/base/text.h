// Small helpers for text that is compared as bytes.
#pragma once

#include <string_view>

namespace tributary {

/// White space between JSON tokens, RFC 8259 section 2. Of these, blank and tab are HTTP's optional white space.
constexpr std::string_view kJsonSpace = " \t\r\n";
constexpr std::string_view kBlanks = " \t";

/// The text without leading and trailing `space`; a view of the same memory.
constexpr std::string_view trim(std::string_view text, std::string_view space = kBlanks) {
  size_t first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

}  // namespace tributary
