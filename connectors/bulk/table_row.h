// Rows of CSV, blank-separated and fixed-width text as cells.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/bulk/row_cutter.h"
#include "connectors/bulk/text_encoding.h"

namespace tributary {

enum class TableFormat { csv, whitespace, fixed };

/// One column of fixed-width text: bytes `from`..`to` of a line, counted from 1, both included.
struct FixedColumn {
  std::string name;
  size_t from = 1;
  size_t to = 1;
};

struct TableShape {
  TableFormat format = TableFormat::csv;
  char delimiter = ',';
  char quote = '"';
  size_t skip_rows = 0;        // physical lines before the header, or before the first row
  bool header = true;          // the first row names the columns
  bool trim = true;            // blanks around a cell are not part of it
  bool formula_guard = false;  // nor is an apostrophe that keeps a cell from being a formula
  TextEncoding encoding = TextEncoding::utf8;
  std::vector<std::string> columns;  // names when there is no header; with a header they must equal it, when given
  std::vector<FixedColumn> fixed;
};

RowForm row_form(const TableShape& shape);

/// A row, or why it is none. Reused from row to row. Its views see the slice it is of, and its own memory.
struct TableRow {
  RowPlace place;
  std::string_view raw;                 // the row's own bytes without its line end
  std::vector<std::string_view> cells;  // UTF-8
  std::string_view error_code;          // empty for a good row: ragged_row, bad_quote, unterminated_quote, ...
  std::string error;                    // in words
  std::string unquoted, decoded;        // cells that do not stand in the text as they are
};

/// Takes the rows of a slice apart. Owner: one thread. Lifetime: the slice outlives it and the rows.
class SliceRows {
 public:
  /// `columns`: cells that a row must have; 0: any number.
  SliceRows(const TableShape& shape, size_t columns, const RowSlice& slice);
  /// False behind the last one.
  bool next(TableRow& row);

 private:
  std::string_view take_line();
  void take_csv(TableRow& row);
  void split_plain(TableRow& row) const;
  void split_blanks(TableRow& row) const;
  void split_fixed(TableRow& row) const;
  void finish(TableRow& row) const;
  bool make_utf8(TableRow& row) const;

  const TableShape& shape_;
  size_t columns_;
  const RowSlice& slice_;
  std::string_view rest_;
  RowPlace place_;
  bool damage_told_ = false;
};

}  // namespace tributary
