// How single values of the configuration are written: booleans, addresses, countries. Pure functions over text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace tributary {

/// `true` or `false`; `yes` and `on` are mistakes, because `NO` is also a country.
Result<bool> parse_boolean(std::string_view text);

/// Nothing when `text` is `host:port` with an IPv4 address, a `[IPv6]` address or `localhost`, and a port of 0..65535;
/// otherwise what is wrong.
std::optional<std::string> listen_address_mistake(std::string_view text);

/// A code of ISO 3166-1 alpha-2, in upper case.
bool is_country_code(std::string_view text);

}  // namespace tributary
