// Rows of CSV, blank-separated and fixed-width text, one at a time, over memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  size_t skip_rows = 0;  // physical lines before the header, or before the first row
  bool header = true;    // the first row names the columns
  bool trim = true;      // blanks around a cell are not part of it
  TextEncoding encoding = TextEncoding::utf8;
  std::vector<std::string> columns;  // names when there is no header; with a header they must equal it, when given
  std::vector<FixedColumn> fixed;
};

/// Where a row stands in its file.
struct RowPlace {
  uint64_t offset = 0;  // of its first byte
  uint64_t line = 0;    // physical line of its first byte, from 1
};

/// A row, or why it is none. Reused from row to row.
struct TableRow {
  RowPlace place;
  std::string_view raw;            // the row's own bytes without its line end
  std::vector<std::string> cells;  // UTF-8
  std::string error_code;          // empty for a good row: ragged_row, bad_quote, unterminated_quote, row_too_long, ...
  std::string error;               // in words
};

constexpr size_t kRowBytesMax = 1 << 20;

/// Reads rows in order. Owner: one thread. Lifetime: `text` outlives the reader and the rows' `raw`.
///
/// CSV follows RFC 4180: quoted cells may hold delimiters, doubled quotes and line ends; rows end with LF or CRLF, the
/// last one may lack it. Blank lines are no rows. A damaged row costs only its own physical line: reading goes on at
/// the next.
class TableReader {
 public:
  TableReader(std::string_view text, TableShape shape);

  /// Reads the header, skips what comes before. Returns what is wrong with it, if anything.
  std::optional<std::string> open();
  const std::vector<std::string>& columns() const { return columns_; }

  /// False at the end of the text.
  bool next(TableRow& row);
  /// Reads the row at `place`, which an earlier next() returned; the position of next() does not change.
  void read_at(RowPlace place, TableRow& row) const;
  /// Continues at `place`.
  void seek(RowPlace place) { place_ = place; }
  RowPlace place() const { return place_; }

 private:
  bool at_end() const { return place_.offset >= text_.size(); }
  RowPlace skip_blank_lines(RowPlace place) const;
  RowPlace read_row(RowPlace place, TableRow& row) const;
  RowPlace read_csv(RowPlace place, TableRow& row) const;
  void split_blanks(std::string_view line, TableRow& row) const;
  void split_fixed(std::string_view line, TableRow& row) const;
  void finish(TableRow& row) const;
  std::string_view line_at(uint64_t offset) const;
  RowPlace after_line(RowPlace place) const;

  std::string_view text_;
  TableShape shape_;
  RowPlace place_{0, 1};
  std::vector<std::string> columns_;
};

}  // namespace tributary
