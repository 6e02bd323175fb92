// How single values of the configuration are written: numbers, sizes, durations, addresses. Pure functions over text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace tributary {

/// A decimal whole number without `+`, leading zeros, `_` or another base: `010` is a mistake, not 8.
/// Errors: invalid, with a text that says what was expected.
Result<int64_t> parse_integer(std::string_view text);

/// Bytes: `0`, `4096`, `64MiB`, `4MB`; B, kB, MB, GB, TB are powers of 1000, KiB, MiB, GiB, TiB powers of 1024.
Result<int64_t> parse_size(std::string_view text);

/// Microseconds: `0`, or a whole number with us, ms, s, m, h or d: `250ms`, `7d`.
Result<int64_t> parse_duration(std::string_view text);

/// `true` or `false`; `yes` and `on` are mistakes, because `NO` is also a country.
Result<bool> parse_boolean(std::string_view text);

/// The shortest exact spelling, which the parsers above read back.
std::string format_size(int64_t bytes);
std::string format_duration(int64_t micros);

/// Nothing when `text` is `host:port` with an IPv4 address, a `[IPv6]` address or `localhost`, and a port of 0..65535;
/// otherwise what is wrong.
std::optional<std::string> listen_address_mistake(std::string_view text);

/// A code of ISO 3166-1 alpha-2, in upper case.
bool is_country_code(std::string_view text);

/// The candidate that `word` probably meant: at most one edit away, or a third of its letters.
std::optional<std::string> nearest_word(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace tributary
