#include "connectors/bulk/record_report.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "connectors/document/csv.h"
#include "engine/base/utf8.h"
#include "engine/ingest/text_fold.h"

namespace tributary {
namespace {

struct Fix {
  std::string_view code, words;
  bool kept = false;  // the value stays
};

constexpr Fix kFixes[] = {
    {"value_masked", "enter the whole value instead of the masked one"},
    {"phone_mangled", "format the column as text and enter the number again"},
    {"phone_length", "a mobile number has 11 digits, a landline number its area code"},
    {"phone_prefix", "a mobile number begins with 13 to 19"},
    {"phone_country_missing", "begin a foreign number with + and its country code"},
    {"phone_service_number", "nobody can be found by a service number", true},
    {"identifier_blocked", "enter the customer's own number or address instead of a place-holder"},
    {"email_invalid", "enter an address like name@example.com"},
    {"date_ambiguous", "write 2023-11-10, or name the order in the mapping: {type: date, format: \"%m/%d/%Y\"}"},
    {"date_invalid", "write a day that exists, like 2023-10-15"},
    {"date_range", "write a day from 1900 to tomorrow"},
    {"amount_invalid", "write an amount like 100000, 10万 or USD 1,234.50"},
    {"amount_rounded", "", true},
    {"number_invalid", "write a whole number"},
    {"enum_unknown", "use a value of the list, or translate the word in the mapping: values: {word: code}"},
    {"status_vague", "use 潜在客户, 意向客户, 成交客户 or 流失客户"},
    {"uscc_invalid", "check the 18 characters of the code"},
    {"customer_no_format", "CX, year, month and 4 to 7 digits; leave it empty for a new number"},
    {"text_too_long", "shorten the text"},
    {"text_invalid", "enter a text"},
    {"required_missing", "fill it in; a record can't be without it"},
    {"field_missing", "fill it in when it is known", true},
    {"placeholder_value", "fill it in or leave it empty", true},
    {"name_maybe_short", "use the full name of the business licence", true},
    {"region_unknown", "write the province's name", true},
    {"size_conflict", "the number of employees counts", true},
    {"approval_needed", "the change of status waits for an approval", true},
    {"transition_not_allowed", "there is no way to this status; a wrong change is reverted by people", true},
    {"duplicate_suspected", "look whether both are one customer", true},
    {"erased_identifier", "somebody who had it was erased: lift that first, or leave the row out"},
    {"identifier_taken", "it is another customer's: correct it, or let people decide whether both are one"},
    {"field_unknown", "correct the name of the field in the mapping"},
    {"ragged_row", "give the row as many cells as the header has; quote cells with delimiters"},
    {"bad_quote", "double the quotes within a quoted cell"},
    {"unterminated_quote", "close the quoted cell"},
    {"row_too_long", "shorten the row"},
    {"invalid_utf8", "save the file as UTF-8 or GB18030"},
    {"bad_time", "write the date as the mapping says"},
};

const Fix* find_fix(std::string_view code) {
  auto found = std::ranges::find(kFixes, code, &Fix::code);
  return found == std::end(kFixes) ? nullptr : found;
}

/// The text's first `count` characters.
std::string_view first_characters(std::string_view text, size_t count) {
  size_t bytes = 0;
  for (; count > 0 && bytes < text.size(); --count) {
    bytes += std::max<size_t>(front_code_point(text.substr(bytes)).bytes, 1);
  }
  return text.substr(0, bytes);
}

std::string masked_number(std::string_view value) {
  if (value.size() < 8) return "****";
  return std::string(first_characters(value, 3)) + "****" + std::string(value.substr(value.size() - 4));
}

std::string masked_address(std::string_view value) {
  for (std::string_view end : {"区", "县", "市", "省"}) {
    size_t at = value.find(end);
    if (at != value.npos) return std::string(value.substr(0, at + end.size())) + "****";
  }
  return "****";
}

Result<void> append_to(std::ofstream& file, const std::string& path, const std::string& text) {
  if (!file.is_open()) file.open(path, std::ios::binary | std::ios::trunc);
  file << text;
  if (!file) return errno_error("writing the report " + path, errno);
  return {};
}

}  // namespace

std::string_view fix_of(std::string_view code) {
  const Fix* fix = find_fix(code);
  return fix == nullptr ? std::string_view() : fix->words;
}

bool is_kept(std::string_view code) {
  const Fix* fix = find_fix(code);
  return fix != nullptr && fix->kept;
}

std::string masked_value(std::string_view field, std::string_view value) {
  constexpr std::array<std::string_view, 4> kNames = {"name", "contact_name", "contact_title", "owner"};
  constexpr std::array<std::string_view, 3> kNumbers = {"phone", "contact_phone", "uscc"};
  if (value.empty() || value.find('*') != value.npos) return std::string(value);
  if (std::ranges::find(kNumbers, field) != kNumbers.end()) {
    // A number that a spreadsheet mangled has lost its digits already, and is recognised by what it looks like.
    return value.find_first_of("eE") != value.npos && value.size() < 12 ? std::string(value) : masked_number(value);
  }
  if (field == "email") {
    size_t at = std::min(value.find('@'), value.size());
    return std::string(first_characters(value, 1)) + "***" + std::string(value.substr(at));
  }
  if (std::ranges::find(kNames, field) != kNames.end()) return std::string(first_characters(value, 1)) + "*";
  return field == "address" ? masked_address(value) : std::string(first_characters(value, 40));
}

RecordReport::RecordReport(std::string notes_path, std::string rows_path)
    : notes_path_(std::move(notes_path)), rows_path_(std::move(rows_path)) {
  std::error_code ignored;
  std::filesystem::remove(notes_path_, ignored);
  std::filesystem::remove(rows_path_, ignored);
}

Result<void> RecordReport::add(const RowNote& note) {
  std::string text;
  if (!notes_.is_open()) text = std::string(kByteOrderMark) + "line,column,code,severity,value,fix\r\n";
  CsvRow(text)
      .cell(std::to_string(note.line))
      .cell(note.column)
      .cell(note.code)
      .cell(note.severity)
      .cell(masked_value(note.field, note.value))
      .cell(fix_of(note.code));
  if (note.severity != "info") ++totals_[note.code];
  return append_to(notes_, notes_path_, text);
}

Result<void> RecordReport::add_row(const TableHeader& header, std::string_view raw, std::string_view problems) {
  std::string text;
  bool again = header.row.find(kProblemsColumn) != header.row.npos;
  auto add = [&](std::string_view row, std::string_view last) {
    text += row;
    if (!again) append_csv_cell(text += header.delimiter, last, header.delimiter);
    text += "\r\n";
  };
  if (!rows_.is_open()) {
    text = kByteOrderMark;
    for (size_t i = 0; i < header.lines_before; ++i) text += "\r\n";
    add(header.row, kProblemsColumn);
  }
  add(raw, problems);
  return append_to(rows_, rows_path_, text);
}

Result<void> RecordReport::flush() {
  if (notes_.is_open() && !notes_.flush()) return errno_error("writing the report " + notes_path_, errno);
  if (rows_.is_open() && !rows_.flush()) return errno_error("writing the report " + rows_path_, errno);
  return {};
}

}  // namespace tributary
