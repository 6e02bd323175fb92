// What a mapping file says: how rows of a table become events. Values only; mapping_file.h reads them, event_builder.h
// applies them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connectors/bulk/table_row.h"
#include "engine/base/date_format.h"

namespace re2 {
class RE2;
}

namespace tributary {

/// A column by name; `index` is known once the file's columns are (bind_columns).
struct ColumnRef {
  std::string name;
  int line = 0;  // of the mapping file, for messages
  size_t index = 0;
};

/// A piece of a template: a literal, or a column when `column` is set.
struct RowTemplatePart {
  std::string literal;
  std::optional<ColumnRef> column;
};

enum class ValueType {
  text,
  integer,
  decimal,
  boolean,
  time,
  date,  // a day as it is written, read in `date` when there is one; a spreadsheet's number of a day becomes that day
};

enum class ValueKind {
  text,      // a template; empty as soon as one of its columns is empty
  sum,       // over the rows of the event, of the product of some columns, exact
  count,     // of the rows of the event
  line,      // of the file: the number of the event's first row
  object,    // members
  each_row,  // an array with one object of members for each row of the event
};

struct MemberSpec;

/// How one JSON value is made. A value that comes out empty is left out, unless it is required.
struct ValueSpec {
  ValueKind kind = ValueKind::text;
  ValueType type = ValueType::text;
  std::vector<RowTemplatePart> parts;
  std::vector<ColumnRef> factors;
  std::string strip_prefix, strip_suffix;  // taken off when there
  bool negate = false;
  bool required = false;
  std::optional<DateFormat> date;                           // of ValueType::time, and of a date whose order is declared
  std::vector<std::pair<std::string, std::string>> values;  // of text: what is written for what stands in the cell
  std::vector<MemberSpec> members;                          // of object and each_row
};

struct MemberSpec {
  std::string name;
  ValueSpec value;
};

enum class ConditionTest { equals, starts_with, empty, matches };

struct RowCondition {
  ColumnRef column;
  ConditionTest test = ConditionTest::equals;
  std::string text;                         // of equals, starts_with
  bool empty = true;                        // of empty: the wanted answer
  std::shared_ptr<const re2::RE2> pattern;  // of matches; shared because a mapping is a value
};

struct EventSpec {
  std::vector<RowCondition> when;  // all must hold for the event's first row; none: always
  std::string type = "track";
  std::optional<ValueSpec> name;  // `event` of a track, `name` of a page or screen
  std::optional<ValueSpec> properties, traits;
};

struct ExternalIdSpec {
  std::string type;
  ValueSpec value;
};

struct Mapping {
  std::string name;      // [a-z0-9_]{1,40}; part of message ids
  bool records = false;  // rows are base records, with `fields` and `traits` in the place of time, ids and events
  ValueSpec fields, traits;
  TableShape shape;
  std::vector<ColumnRef> group_by;    // rows with equal values form one event; empty: each row is one
  std::vector<ColumnRef> message_id;  // columns that name the event; empty: its group, else line number and content
  ValueSpec time;
  std::optional<ValueSpec> user_id, anonymous_id;
  std::optional<ValueSpec> guest_id;  // anonymous id of events that have no other identifier
  std::vector<ExternalIdSpec> external_ids;
  std::string channel;
  std::vector<EventSpec> events;  // the first whose conditions hold makes the event
};

/// Fills every ColumnRef's index. Returns one message per column that the file does not have.
std::vector<std::string> bind_columns(Mapping& mapping, const std::vector<std::string>& columns);

}  // namespace tributary
