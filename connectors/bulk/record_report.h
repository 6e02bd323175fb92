// What an import of base records tells of its rows: a list of findings, and a table of rows to be mended.
#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace tributary {

/// Something that was found in a row. `error` refuses the row, `warning` a field or nothing, `info` tells whom it
/// joins.
struct RowNote {
  uint64_t line = 0;
  std::string column;  // as the file calls it; the field, where no column has it
  std::string field;   // of the record
  std::string code;
  std::string severity;
  std::string value;  // as it stands in the file; it is masked when it is written
};

/// What is to be done about a code, in words; empty when nothing is.
std::string_view fix_of(std::string_view code);

/// True when the value stays although it was noted: nothing has to be mended.
bool is_kept(std::string_view code);

/// `138****1234`, `l***@example.com`, `王*`, and up to the district of an address; values of lists as they are.
std::string masked_value(std::string_view field, std::string_view value);

/// Where a table's rows begin.
struct TableHeader {
  std::string row;  // as it stands there, without its line end
  size_t lines_before = 0;
  char delimiter = ',';
};

/// Two files in UTF-8 with a byte order mark, by which spreadsheets know it, each made with its first line: findings as
/// line,column,code,severity,value,fix, and the rows that have something to be mended as they stood, with one more
/// column that says what, unless they have it from an earlier import. No cell of the first is a formula.
class RecordReport {
 public:
  RecordReport(std::string notes_path, std::string rows_path);

  // Errors: io.
  Result<void> add(const RowNote& note);
  /// `raw`: a row of the original table, without its line end.
  Result<void> add_row(const TableHeader& header, std::string_view raw, std::string_view problems);
  Result<void> flush();

  const std::map<std::string, uint64_t>& totals() const { return totals_; }  // by code, but for those of `info`
  const std::string& notes_path() const { return notes_path_; }
  const std::string& rows_path() const { return rows_path_; }
  bool has_notes() const { return notes_.is_open(); }
  bool has_rows() const { return rows_.is_open(); }

 private:
  std::string notes_path_, rows_path_;
  std::ofstream notes_, rows_;
  std::map<std::string, uint64_t> totals_;
};

/// The name of the column that says what is to be mended; a proposal does not take it for anything.
constexpr std::string_view kProblemsColumn = "import_problems";

}  // namespace tributary
