// The vocabulary of a customer's base record, as facts of kind `record` keep it: one value per field that a save names,
// and an empty one for a field that it clears.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tributary {

/// Stored: never renumber.
enum class RecordAct : uint8_t {
  saved = 1,    // a whole record: it has what a record cannot do without
  changed = 2,  // some of its fields
};

/// Stored: never renumber.
enum class RecordField : uint8_t {
  // Of the save itself.
  codes = 1,        // what was refused or flagged: `field:code`, with blanks between
  actor = 2,        // who saved it
  source_kind = 3,  // a code of record_source_kinds()

  customer_type = 10,  // `person` or `organisation`
  customer_no = 11,
  name = 12,
  industry = 13,
  industry_detail = 14,
  size = 15,
  employee_count = 16,
  enterprise_type = 17,
  contact_name = 18,
  contact_title = 19,
  contact_phone = 20,
  phone = 21,
  email = 22,
  address = 23,
  province = 24,
  city = 25,
  district = 26,
  source = 27,
  first_contact_date = 28,
  status = 29,
  owner = 30,
  annual_budget = 31,  // `10000000 CNY`, in minor units
  cooperation_since = 32,
  preferred_channel = 33,
  gender = 34,
  birthday = 35,  // `1990-02-28`, or `--02-28`
  occupation = 36,
  marital_status = 37,
  income_band = 38,
  education = 39,
  risk_tolerance = 40,
  uscc = 41,
  founded_on = 42,
  business_scope = 43,
};

constexpr uint8_t kFirstBaseField = static_cast<uint8_t>(RecordField::customer_type);

/// The name of a base field in events and answers.
std::string_view record_field_name(RecordField field);
std::optional<RecordField> find_record_field(std::string_view name);

/// All base fields, in the order of their numbers.
std::span<const RecordField> record_fields();

/// Of two saves of one moment the kind that stands further in front wins: staff, form, import, third_party. 0 is the
/// least, as is any other text.
int source_kind_rank(std::string_view source_kind);

}  // namespace tributary
