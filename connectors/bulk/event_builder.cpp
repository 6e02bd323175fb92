#include "connectors/bulk/event_builder.h"

#include <re2/re2.h>

#include <algorithm>
#include <charconv>

#include "engine/base/ascii.h"
#include "engine/base/decimal.h"
#include "engine/base/json_out.h"
#include "engine/base/keyed_hash.h"
#include "engine/base/time.h"

namespace tributary {
namespace {

/// Why an event cannot be made. Thrown inside this file only: values nest, and each level would otherwise hand it on.
struct Fault {
  const char* code;
  std::string message;
  RowPlace place;
  std::string column;
};

std::string_view without_plus(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  return text;
}

std::string describe(const ValueSpec& value) {
  std::string names;
  for (const RowTemplatePart& part : value.parts) {
    if (part.column) names += (names.empty() ? "column " : ", ") + part.column->name;
  }
  for (const ColumnRef& column : value.factors) names += (names.empty() ? "column " : ", ") + column.name;
  return names.empty() ? "value" : names;
}

/// The column that a value is of; of several the first.
std::string column_of(const ValueSpec& value) {
  for (const RowTemplatePart& part : value.parts) {
    if (part.column) return part.column->name;
  }
  return value.factors.empty() ? std::string() : value.factors.front().name;
}

/// The text of a template for one row, stripped; empty when one of its columns is.
std::string text_of(const ValueSpec& value, const TableRow& row) {
  std::string text;
  for (const RowTemplatePart& part : value.parts) {
    if (!part.column) {
      text += part.literal;
      continue;
    }
    std::string_view cell = row.cells[part.column->index];
    if (cell.empty()) return {};
    text += cell;
  }
  if (!value.strip_prefix.empty() && text.starts_with(value.strip_prefix)) text.erase(0, value.strip_prefix.size());
  if (!value.strip_suffix.empty() && text.ends_with(value.strip_suffix)) {
    text.resize(text.size() - value.strip_suffix.size());
  }
  return text;
}

Decimal decimal_of(std::string_view text, const std::string& what, const std::string& column, const TableRow& row) {
  auto number = parse_decimal(text);
  if (!number) throw Fault{"bad_decimal", what + " is not a decimal number", row.place, column};
  return *number;
}

std::string sum_of(const ValueSpec& value, std::span<const TableRow> rows) {
  Decimal sum;
  for (const TableRow& row : rows) {
    std::optional<Decimal> product = Decimal{1, 0};
    for (const ColumnRef& column : value.factors) {
      std::string_view cell = row.cells[column.index];
      if (product) product = multiply(*product, decimal_of(cell, "column " + column.name, column.name, row));
    }
    auto next = product ? add(sum, *product) : std::nullopt;
    if (!next)
      throw Fault{"number_out_of_range", "the sum over " + describe(value) + " does not fit", row.place,
                  column_of(value)};
    sum = *next;
  }
  return to_text(value.negate ? negate(sum) : sum);
}

std::string integer_text(std::string_view text, const ValueSpec& value, const TableRow& row) {
  int64_t number = 0;
  std::string_view digits = without_plus(text);
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    throw Fault{"bad_integer", describe(value) + " is not a 64-bit integer", row.place, column_of(value)};
  }
  return std::to_string(number);
}

std::string boolean_text(std::string_view text, const ValueSpec& value, const TableRow& row) {
  std::string lower = ascii_lowered(text);
  if (lower == "true" || lower == "1" || lower == "yes" || lower == "y") return "true";
  if (lower == "false" || lower == "0" || lower == "no" || lower == "n") return "false";
  throw Fault{"bad_boolean", describe(value) + " is neither true nor false", row.place, column_of(value)};
}

Timestamp time_of(std::string_view text, const ValueSpec& value, const TableRow& row) {
  auto time = value.date->parse(text);
  if (!time)
    throw Fault{"bad_time", describe(value) + " is not a time in the declared format", row.place, column_of(value)};
  return *time;
}

/// Day 1 of spreadsheets is 1900-01-01, and they have a 1900-02-29: from March 1900 on days count from 1899-12-30.
std::string day_of(std::string_view text, const ValueSpec& value, const TableRow& row) {
  int64_t serial = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), serial);
  bool number = error == std::errc{} && end == text.data() + text.size() && text.size() == 5 && serial > 0;
  if (!number && !value.date) return std::string(text);
  Timestamp day{(serial + days_from_civil({1899, 12, 30})) * 86'400 * 1'000'000};
  if (!number) day = time_of(text, value, row);
  return format_iso8601(day).substr(0, 10);
}

/// What the mapping writes for a word of the file.
std::string_view word_for(std::string_view text, const ValueSpec& value) {
  for (const auto& [word, meant] : value.values) {
    if (word == text) return meant;
  }
  return text;
}

std::string typed_json(std::string_view text, const ValueSpec& value, const TableRow& row) {
  std::string json;
  switch (value.type) {
    case ValueType::integer:
      return integer_text(text, value, row);
    case ValueType::decimal: {
      Decimal number = decimal_of(text, describe(value), column_of(value), row);
      return to_text(value.negate ? negate(number) : number);
    }
    case ValueType::boolean:
      return boolean_text(text, value, row);
    case ValueType::time:
      append_json_string(json, format_iso8601(time_of(text, value, row)));
      return json;
    case ValueType::date:
      append_json_string(json, day_of(text, value, row));
      return json;
    case ValueType::text:
      append_json_string(json, word_for(text, value));
      return json;
  }
  return json;
}

void write_members(const ValueSpec& value, std::span<const TableRow> rows, JsonOut& out);

/// The JSON of a value, or empty when the value is absent. `rows` is what a sum goes over; scalars take the first.
std::string json_of(const ValueSpec& value, std::span<const TableRow> rows) {
  std::string json;
  JsonOut out(json);
  switch (value.kind) {
    case ValueKind::sum:
      return sum_of(value, rows);
    case ValueKind::count:
      return std::to_string(rows.size());
    case ValueKind::line:
      return std::to_string(rows.front().place.line);
    case ValueKind::object:
      write_members(value, rows, out);
      return json;
    case ValueKind::each_row:
      out.begin_array();
      for (size_t i = 0; i < rows.size(); ++i) write_members(value, rows.subspan(i, 1), out);
      out.end_array();
      return json;
    case ValueKind::text:
      break;
  }
  std::string text = text_of(value, rows.front());
  if (!text.empty()) return typed_json(text, value, rows.front());
  if (value.required) throw Fault{"missing_value", describe(value) + " is empty", rows.front().place, column_of(value)};
  return {};
}

void write_members(const ValueSpec& value, std::span<const TableRow> rows, JsonOut& out) {
  out.begin_object();
  for (const auto& [name, member] : value.members) {
    std::string json = json_of(member, rows);
    if (!json.empty()) out.key(name).raw(json);
  }
  out.end_object();
}

bool holds(const RowCondition& condition, const TableRow& row) {
  std::string_view cell = row.cells[condition.column.index];
  switch (condition.test) {
    case ConditionTest::equals:
      return cell == condition.text;
    case ConditionTest::starts_with:
      return cell.starts_with(condition.text);
    case ConditionTest::empty:
      return cell.empty() == condition.empty;
    case ConditionTest::matches:
      return re2::RE2::PartialMatch(cell, *condition.pattern);
  }
  return false;
}

const EventSpec& choose_event(const Mapping& mapping, const TableRow& row) {
  for (const EventSpec& event : mapping.events) {
    bool all = std::all_of(event.when.begin(), event.when.end(), [&](const RowCondition& c) { return holds(c, row); });
    if (all) return event;
  }
  throw Fault{"no_rule", "no event of the mapping has conditions that hold for this row", row.place, {}};
}

std::string message_id(const Mapping& mapping, const TableRow& row) {
  const auto& key = mapping.message_id.empty() ? mapping.group_by : mapping.message_id;
  if (key.empty()) return line_message_id(mapping.name, row.place, row.raw);
  for (const ColumnRef& column : key) {
    if (row.cells[column.index].empty()) {
      throw Fault{"missing_value", "column " + column.name + ", which names the event, is empty", row.place,
                  column.name};
    }
  }
  return "import:" + mapping.name + ":" + row_key(key, row);
}

/// An identifier of the event; all rows must agree.
std::string identifier_of(const std::optional<ValueSpec>& value, std::span<const TableRow> rows) {
  if (!value) return {};
  std::string text = text_of(*value, rows.front());
  for (const TableRow& row : rows) {
    if (text_of(*value, row) == text) continue;
    throw Fault{"conflicting_rows", "rows of one event differ in " + describe(*value), row.place, column_of(*value)};
  }
  if (text.empty() && value->required)
    throw Fault{"missing_value", describe(*value) + " is empty", rows.front().place, column_of(*value)};
  return text;
}

void write_external_ids(const std::vector<std::pair<std::string_view, std::string>>& ids, JsonOut& out) {
  if (ids.empty()) return;
  out.key("context").begin_object().key("externalIds").begin_array();
  for (const auto& [type, id] : ids) {
    out.begin_object().key("id").string(id).key("type").string(type);
    out.key("collection").string("users").key("encoding").string("none").end_object();
  }
  out.end_array().end_object();
}

void write_identifiers(const Mapping& mapping, std::span<const TableRow> rows, JsonOut& out) {
  std::string user_id = identifier_of(mapping.user_id, rows);
  std::string anonymous_id = identifier_of(mapping.anonymous_id, rows);
  std::vector<std::pair<std::string_view, std::string>> external;
  for (const ExternalIdSpec& spec : mapping.external_ids) {
    std::string id = identifier_of(spec.value, rows);
    if (!id.empty()) external.emplace_back(spec.type, std::move(id));
  }
  if (user_id.empty() && anonymous_id.empty() && external.empty()) anonymous_id = identifier_of(mapping.guest_id, rows);
  if (user_id.empty() && anonymous_id.empty() && external.empty()) {
    throw Fault{"missing_id", "the row has no identifier, and the mapping no guest_id for it", rows.front().place, {}};
  }
  if (!user_id.empty()) out.key("userId").string(user_id);
  if (!anonymous_id.empty()) out.key("anonymousId").string(anonymous_id);
  write_external_ids(external, out);
}

std::string event_json(const Mapping& mapping, std::span<const TableRow> rows) {
  const TableRow& first = rows.front();
  const EventSpec& event = choose_event(mapping, first);
  std::string json;
  JsonOut out(json);
  out.begin_object().key("type").string(event.type);
  if (event.name) {
    std::string name = json_of(*event.name, rows);
    if (name.empty()) throw Fault{"missing_value", "the event's name is empty", first.place, column_of(*event.name)};
    out.key(event.type == "track" ? "event" : "name").raw(name);
  }
  out.key("messageId").string(message_id(mapping, first));
  out.key("timestamp").raw(json_of(mapping.time, rows));
  if (!mapping.channel.empty()) out.key("channel").string(mapping.channel);
  write_identifiers(mapping, rows, out);
  if (event.properties) out.key("properties").raw(json_of(*event.properties, rows));
  if (event.traits) out.key("traits").raw(json_of(*event.traits, rows));
  out.end_object();
  return json;
}

}  // namespace

void build_event(const Mapping& mapping, std::span<const TableRow> rows, ImportItem& item) {
  item.begin(rows.front().place);
  try {
    item.json = event_json(mapping, rows);
  } catch (const Fault& fault) {
    item.line = fault.place.line;
    item.refuse(fault.code, fault.message);
    item.column = fault.column;
  }
}

void build_record(const Mapping& mapping, const TableRow& row, std::string& fields, std::string& traits,
                  ImportItem& item) {
  item.begin(row.place);
  if (!row.error_code.empty()) return item.refuse(row.error_code, row.error);
  try {
    fields = json_of(mapping.fields, std::span(&row, 1));
    traits = json_of(mapping.traits, std::span(&row, 1));
  } catch (const Fault& fault) {
    item.refuse(fault.code, fault.message);
    item.column = fault.column;
  }
}

std::string row_key(const std::vector<ColumnRef>& columns, const TableRow& row) {
  std::string key;
  for (const ColumnRef& column : columns) {
    if (&column != &columns.front()) key += '|';
    for (char c : row.cells[column.index]) {
      if (c == '|' || c == '\\') key += '\\';
      key += c;
    }
  }
  return key;
}

std::string line_message_id(std::string_view name, RowPlace place, std::string_view raw) {
  std::string id = "import:" + std::string(name) + ":" + std::to_string(place.line) + ":";
  for (char c : sha256(raw).substr(0, 8)) {
    constexpr char kHex[] = "0123456789abcdef";
    id += kHex[static_cast<unsigned char>(c) >> 4];
    id += kHex[static_cast<unsigned char>(c) & 15];
  }
  return id;
}

}  // namespace tributary
