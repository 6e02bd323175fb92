// International domain labels in ASCII.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tributary {

/// The label encoded, without "xn--" in front; nothing on overflow, which no label of a domain reaches.
/// Source: RFC 3492 section 6.3, whose names the code keeps.
std::optional<std::string> punycode(std::u32string_view label);

}  // namespace tributary
