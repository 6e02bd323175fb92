// One field of a customer's base record, from what people and programs write to the one spelling that is kept.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/base/time.h"

namespace tributary {

/// What is kept of a value, what is to be noted about it, or both. Without a value the field is refused: the rest of
/// the record is not. Neither: there was nothing in it.
struct RecordValue {
  std::string value;
  std::string_view code;  // a reason code with static storage; beside a value it is a flag

  static RecordValue of(std::string value) { return {std::move(value), {}}; }
  static RecordValue refused(std::string_view code) { return {{}, code}; }
};

// The texts are trimmed, well-formed UTF-8 and no place-holders.

/// NFKC, white space inside collapsed, brackets of every shape to `()`. Refused with: value_masked, text_too_long.
RecordValue name_value(std::string_view text, size_t characters_max);

/// As it was written, without control characters. Refused with: text_too_long.
RecordValue free_text_value(std::string_view text, size_t characters_max);

/// `2023-10-15`, `2023/10/15`, `2023.10.15`, `20231015`, `2023年10月15日` as `2023-10-15`. Refused with: date_ambiguous
/// (day or month in front), date_invalid, date_range (before 1900, or more than a day after `now`).
RecordValue date_value(std::string_view text, Timestamp now);
/// A date, or a day without its year: `--02-28`.
RecordValue birthday_value(std::string_view text, Timestamp now);

/// `10万`, `1.5亿`, `¥1,234.50`, `USD 100` as `10000000 CNY`: minor units of the currency that the text names, else of
/// `currency`. Flagged with: amount_rounded. Refused with: amount_invalid, also for amounts below zero.
RecordValue money_value(std::string_view text, std::string_view currency);
/// The same of a whole number of minor units.
RecordValue minor_money_value(std::string_view text, std::string_view currency);

/// A whole number of people. Refused with: number_invalid.
RecordValue count_value(std::string_view text);

/// `default_country` as of normalise_phone(). Service numbers are kept as text. Flagged with: phone_service_number.
/// Refused with: the codes of normalise_phone(), value_masked, identifier_blocked.
RecordValue phone_value(std::string_view text, std::string_view default_country);

/// Refused with: email_invalid, value_masked, identifier_blocked.
RecordValue email_value(std::string_view text);

/// 18 characters of the unified social credit code. Refused with: uscc_invalid.
RecordValue credit_code_value(std::string_view text);

/// `CX`, year, month and 4 to 7 digits. Nothing is read out of it. Refused with: customer_no_format.
RecordValue customer_no_value(std::string_view text);

}  // namespace tributary
