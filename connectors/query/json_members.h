// Members of an object whose value may be missing.
#pragma once

#include <optional>
#include <string_view>

#include "engine/base/decimal.h"
#include "engine/base/json_out.h"
#include "engine/base/time.h"

namespace tributary {

inline void append_time_or_null(JsonOut& json, std::string_view name, const std::optional<Timestamp>& time) {
  json.key(name);
  time ? json.string(format_iso8601(*time)) : json.null();
}

/// Null for an empty text.
inline void append_text_or_null(JsonOut& json, std::string_view name, std::string_view text) {
  json.key(name);
  text.empty() ? json.null() : json.string(text);
}

inline void append_decimal_or_null(JsonOut& json, std::string_view name, const std::optional<Decimal>& decimal) {
  json.key(name);
  decimal ? json.raw(to_text(*decimal)) : json.null();
}

/// Left out when the text is empty.
inline void append_text_if_any(JsonOut& json, std::string_view name, std::string_view text) {
  if (!text.empty()) json.key(name).string(text);
}

template <class Number>
void append_number_or_null(JsonOut& json, std::string_view name, const std::optional<Number>& number) {
  json.key(name);
  number ? json.number(*number) : json.null();
}

}  // namespace tributary
