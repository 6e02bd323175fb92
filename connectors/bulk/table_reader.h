// A table's header, and its rows one at a time: what is known of a table before events are made of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectors/bulk/row_cutter.h"
#include "connectors/bulk/table_row.h"

namespace tributary {

/// Owner: one thread. Lifetime: the text outlives the reader and the rows.
class TableReader {
 public:
  TableReader(ImportText& text, TableShape shape);

  /// Reads the header, skips what comes before. Returns what is wrong with it, if anything.
  std::optional<std::string> open();
  const std::vector<std::string>& columns() const { return columns_; }
  /// The header row as it stands there, without its line end.
  const std::string& header() const { return header_; }
  const TableShape& shape() const { return shape_; }
  /// The rows behind the header.
  RowCutter& cutter() { return cutter_; }

  /// False at the end of the text. The row lives until the next call; when the text is whole, as long as the text.
  bool next(TableRow& row);

 private:
  TableShape shape_;
  RowCutter cutter_;
  std::vector<std::string> columns_;
  std::string header_;
  RowSlice slice_;
};

}  // namespace tributary
