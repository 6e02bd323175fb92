#include "connectors/bulk/table_reader.h"

#include <algorithm>
#include <set>
#include <utility>

namespace tributary {

TableReader::TableReader(ImportText& text, TableShape shape)
    : shape_(std::move(shape)), cutter_(text, row_form(shape_)) {}

std::optional<std::string> TableReader::open() {
  for (size_t i = 0; i < shape_.skip_rows; ++i) cutter_.skip_line();
  columns_ = shape_.columns;
  if (shape_.format == TableFormat::fixed) {
    for (const FixedColumn& column : shape_.fixed) columns_.push_back(column.name);
    if (shape_.header) cutter_.cut(slice_, 1);
    return std::nullopt;
  }
  if (!shape_.header) return std::nullopt;
  TableRow header;
  columns_.clear();
  if (!next(header)) return "the file has no header row";
  if (!header.error_code.empty()) return "header row: " + header.error;
  columns_.assign(header.cells.begin(), header.cells.end());
  header_ = header.raw;
  if (!shape_.columns.empty() && columns_ != shape_.columns) return "the header row differs from `columns`";
  std::set<std::string_view> names;
  for (const std::string& column : columns_) {
    // Spreadsheets write columns without a name for cells that were touched once.
    if (!column.empty() && !names.insert(column).second) return "the header row names the column " + column + " twice";
  }
  return std::nullopt;
}

bool TableReader::next(TableRow& row) {
  while (cutter_.cut(slice_, 1)) {
    if (SliceRows(shape_, columns_.size(), slice_).next(row)) return true;
  }
  return false;
}

}  // namespace tributary
