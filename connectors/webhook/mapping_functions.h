// The functions of connector files over single texts and numbers. Pure; exact, or nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connectors/webhook/value.h"
#include "engine/base/time.h"

namespace tributary {

/// A decimal text as a JSON number with the same places. Nothing for other text, `1,234` above all, and beyond what
/// Decimal holds.
std::optional<std::string> decimal_number(std::string_view text);

/// Minor units as units: ("1250", 2) -> "12.50".
std::optional<std::string> shifted_number(std::string_view minor_units, int digits);

/// True when two JSON numbers have one value: 1, 1.0 and 10e-1.
bool same_number(std::string_view a, std::string_view b);

/// The instant that a text or number says. `zone` is for ISO 8601 texts without an offset. Automatic: a number below
/// 10^11 counts seconds, below 10^14 milliseconds, below 10^17 microseconds.
std::optional<Timestamp> instant_of(std::string_view text, TimeUnit unit, const std::optional<DateFormat>& zone);

}  // namespace tributary
