// How whole numbers, sizes and durations are written by people. Pure functions over text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace tributary {

/// A decimal whole number without `+`, leading zeros, `_` or another base: `010` is a mistake, not 8.
/// Errors: invalid, with a text that says what was expected.
Result<int64_t> parse_integer(std::string_view text);

/// Bytes: `0`, `4096`, `64MiB`, `4MB`; B, kB, MB, GB, TB are powers of 1000, KiB, MiB, GiB, TiB powers of 1024.
Result<int64_t> parse_size(std::string_view text);

/// Microseconds: `0`, or a whole number with us, ms, s, m, h or d: `250ms`, `7d`.
Result<int64_t> parse_duration(std::string_view text);

/// The shortest exact spelling, which the parsers above read back.
std::string format_size(int64_t bytes);
std::string format_duration(int64_t micros);

}  // namespace tributary
