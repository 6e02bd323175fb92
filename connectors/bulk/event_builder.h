#pragma once

#include <span>
#include <string>

#include "connectors/bulk/import_item.h"
#include "connectors/bulk/mapping.h"
#include "connectors/bulk/table_row.h"

namespace tributary {

/// Applies a mapping whose columns are bound to the rows of one event (one row without group_by; at least one). Scalars
/// come from the first row. Every row must name the same customer, else the event is refused: an order of two people is
/// a fault of the file.
///
/// The message id depends on the mapping's name and on the event's key, or on its line number and content when it has
/// none, so that a second import of the file, or of a longer edition of it, is recognised. Errors: in the item:
/// missing_value, bad_integer, bad_decimal, bad_boolean, bad_time, number_out_of_range,
///         conflicting_rows, no_rule, missing_id; the line is then that of the row at fault.
void build_event(const Mapping& mapping, std::span<const TableRow> rows, ImportItem& item);

/// What a row says of a base record: `fields` and `traits` of a mapping of records, as JSON objects. The item is
/// refused as above, or good and empty.
void build_record(const Mapping& mapping, const TableRow& row, std::string& fields, std::string& traits,
                  ImportItem& item);

/// The values of `columns` as one text that no other values give.
std::string row_key(const std::vector<ColumnRef>& columns, const TableRow& row);

/// `import:<name>:<line>:<hash of the content>`: names a row that has no key of its own.
std::string line_message_id(std::string_view name, RowPlace place, std::string_view raw);

}  // namespace tributary
