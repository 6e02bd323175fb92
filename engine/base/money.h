// Amounts of money: integers in minor units, such as cents, with ISO 4217 codes. Never through a double.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/decimal.h"

namespace tributary {

/// "usd " as USD; nothing for what is no three letters. Source: ISO 4217.
std::optional<std::string> parse_currency(std::string_view text);

/// Digits of a currency's minor unit: JPY 0, USD 2, KWD 3; any case. Nothing for a code that is no currency.
/// Source: ISO 4217 list one (maintained by SIX), as of 2024.
std::optional<int> minor_unit_digits(std::string_view currency);

/// The same of a code in upper case, and 2 for any other text.
int minor_digits(std::string_view currency);

/// Minor units of one unit: 100 cents.
int64_t minor_per_unit(std::string_view currency);

/// Reads a decimal, also with an exponent as JSON has it. What stands behind the 18th place, as a sum of binary floats
/// has it, is kept only so far that rounding comes out right. Nothing for other text and for more than 36 digits.
std::optional<Decimal> parse_amount(std::string_view text);

/// The product; of places behind the 18th only so much is kept as parse_amount() keeps. Nothing above 36 digits.
std::optional<Decimal> multiply_amounts(const Decimal& a, const Decimal& b);

/// In minor units, surplus digits rounded half to even; nothing beyond 64 bits.
std::optional<int64_t> to_minor(const Decimal& amount, std::string_view currency);

/// True when to_minor() rounds.
bool has_surplus_digits(const Decimal& amount, std::string_view currency);

/// Division of integers, rounded half to even. `divisor` is above 0.
int64_t divide_half_even(WideInteger dividend, WideInteger divisor);

}  // namespace tributary
