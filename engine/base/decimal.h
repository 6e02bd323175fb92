// Exact decimals: money never passes through a double.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tributary {

__extension__ using WideInteger = __int128;

/// A number digits * 10^-scale. Every operation is exact or returns nothing.
struct Decimal {
  WideInteger digits = 0;
  int scale = 0;  // 0..kDecimalScaleMax
};

constexpr int kDecimalScaleMax = 18;

/// Reads `[+-]digits[.digits]`; at least one digit on either side of the point. Nothing for other text, for more than
/// 36 digits and for more than kDecimalScaleMax places.
std::optional<Decimal> parse_decimal(std::string_view text);

/// Exact, or nothing when the result does not fit.
std::optional<Decimal> add(const Decimal& a, const Decimal& b);
std::optional<Decimal> multiply(const Decimal& a, const Decimal& b);
inline Decimal negate(const Decimal& value) { return Decimal{-value.digits, value.scale}; }

/// A JSON number with exactly `scale` places: 12.00 stays 12.00.
std::string to_text(const Decimal& value);

/// The same without zeros behind the last place that says something: 12.50 is 12.5, 12.00 is 12.
std::string to_shortest_text(const Decimal& value);

}  // namespace tributary
