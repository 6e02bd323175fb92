#include "connectors/bulk/table_reader.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "engine/base/text.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

void fail(TableRow& row, std::string_view code, std::string message) {
  if (!row.error_code.empty()) return;
  row.error_code = code;
  row.error = std::move(message);
}

/// What the end of a cell is followed by.
enum class CellEnd { delimiter, row, broken };

/// Walks one CSV row. `at` stays behind what was read.
struct CsvCursor {
  std::string_view text;
  size_t at;
  uint64_t lines = 0;  // line ends inside quotes

  bool done() const { return at >= text.size(); }
  bool at_row_end() const { return done() || text[at] == '\n' || (text[at] == '\r' && after_return_is_end()); }
  bool after_return_is_end() const { return at + 1 >= text.size() || text[at + 1] == '\n'; }
};

/// The inside of a quoted cell; the cursor stands behind the opening quote. False when the text ends before the quote
/// does.
bool read_quoted(CsvCursor& cursor, char quote, std::string& cell) {
  while (!cursor.done()) {
    char c = cursor.text[cursor.at++];
    if (c == quote) {
      if (cursor.done() || cursor.text[cursor.at] != quote) return true;
      ++cursor.at;
    }
    if (c == '\n') ++cursor.lines;
    cell += c;
  }
  return false;
}

CellEnd read_plain(CsvCursor& cursor, char delimiter, std::string& cell) {
  while (!cursor.at_row_end()) {
    char c = cursor.text[cursor.at++];
    if (c == delimiter) return CellEnd::delimiter;
    cell += c;
  }
  return CellEnd::row;
}

CellEnd end_of_quoted(CsvCursor& cursor, char delimiter) {
  if (cursor.at_row_end()) return CellEnd::row;
  if (cursor.text[cursor.at] != delimiter) return CellEnd::broken;
  ++cursor.at;
  return CellEnd::delimiter;
}

}  // namespace

TableReader::TableReader(std::string_view text, TableShape shape) : text_(text), shape_(std::move(shape)) {
  if (text_.starts_with(kByteOrderMark)) place_.offset = kByteOrderMark.size();
}

std::optional<std::string> TableReader::open() {
  if (text_.starts_with("\xff\xfe") || text_.starts_with("\xfe\xff")) return "the file is UTF-16; convert it to UTF-8";
  for (size_t i = 0; i < shape_.skip_rows && !at_end(); ++i) place_ = after_line(place_);
  columns_ = shape_.columns;
  if (shape_.format == TableFormat::fixed) {
    for (const FixedColumn& column : shape_.fixed) columns_.push_back(column.name);
    if (shape_.header && !at_end()) place_ = after_line(skip_blank_lines(place_));
    return std::nullopt;
  }
  if (!shape_.header) return std::nullopt;
  TableRow header;
  columns_.clear();
  if (!next(header)) return "the file has no header row";
  if (!header.error_code.empty()) return "header row: " + header.error;
  if (!shape_.columns.empty() && header.cells != shape_.columns) return "the header row differs from `columns`";
  columns_ = header.cells;
  if (std::set<std::string>(columns_.begin(), columns_.end()).size() != columns_.size()) {
    return "the header row names a column twice";
  }
  return std::nullopt;
}

bool TableReader::next(TableRow& row) {
  place_ = skip_blank_lines(place_);
  if (at_end()) return false;
  place_ = read_row(place_, row);
  return true;
}

void TableReader::read_at(RowPlace place, TableRow& row) const { read_row(place, row); }

RowPlace TableReader::skip_blank_lines(RowPlace place) const {
  while (place.offset < text_.size() && trim(line_at(place.offset)).empty()) place = after_line(place);
  return place;
}

/// The line at `offset` without its end.
std::string_view TableReader::line_at(uint64_t offset) const {
  std::string_view rest = text_.substr(offset);
  std::string_view line = rest.substr(0, rest.find('\n'));
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

RowPlace TableReader::after_line(RowPlace place) const {
  size_t end = text_.find('\n', place.offset);
  return {end == std::string_view::npos ? text_.size() : end + 1, place.line + 1};
}

RowPlace TableReader::read_row(RowPlace place, TableRow& row) const {
  row.place = place;
  row.cells.clear();
  row.error_code.clear();
  row.error.clear();
  RowPlace after = after_line(place);
  if (shape_.format == TableFormat::csv) {
    after = read_csv(place, row);
  } else {
    row.raw = line_at(place.offset);
    if (row.raw.size() > kRowBytesMax) {
      fail(row, "row_too_long", "the row is longer than 1 MiB");
    } else if (shape_.format == TableFormat::whitespace) {
      split_blanks(row.raw, row);
    } else {
      split_fixed(row.raw, row);
    }
  }
  finish(row);
  return after;
}

/// A quote that never ends would swallow the rest of the file, so a broken row gives up its first physical line only.
RowPlace TableReader::read_csv(RowPlace place, TableRow& row) const {
  CsvCursor cursor{text_.substr(0, std::min<uint64_t>(text_.size(), place.offset + kRowBytesMax)), place.offset};
  bool cut = cursor.text.size() < text_.size();
  CellEnd end = CellEnd::delimiter;
  while (end == CellEnd::delimiter) {
    std::string& cell = row.cells.emplace_back();
    bool quoted = !cursor.done() && cursor.text[cursor.at] == shape_.quote;
    if (!quoted) {
      end = read_plain(cursor, shape_.delimiter, cell);
      continue;
    }
    ++cursor.at;
    if (!read_quoted(cursor, shape_.quote, cell)) {
      fail(row, "unterminated_quote", "a quoted cell does not end");
      break;
    }
    end = end_of_quoted(cursor, shape_.delimiter);
    if (end == CellEnd::broken) fail(row, "bad_quote", "text behind the closing quote of a cell");
  }
  if (cut && cursor.done()) fail(row, "row_too_long", "the row is longer than 1 MiB");
  if (!row.error_code.empty()) {
    row.raw = line_at(place.offset);
    return after_line(place);
  }
  row.raw = text_.substr(place.offset, cursor.at - place.offset);
  return after_line({cursor.at, place.line + cursor.lines});
}

void TableReader::split_blanks(std::string_view line, TableRow& row) const {
  for (size_t at = line.find_first_not_of(kBlanks); at != std::string_view::npos;) {
    size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    row.cells.emplace_back(line.substr(at, end - at));
    at = line.find_first_not_of(kBlanks, end);
  }
}

void TableReader::split_fixed(std::string_view line, TableRow& row) const {
  for (const FixedColumn& column : shape_.fixed) {
    size_t from = std::min(column.from - 1, line.size());
    row.cells.emplace_back(line.substr(from, column.to - column.from + 1));
  }
}

/// Trims, decodes, and compares the number of cells with the number of columns.
void TableReader::finish(TableRow& row) const {
  if (!row.error_code.empty()) return;
  if (!columns_.empty() && row.cells.size() != columns_.size()) {
    fail(row, "ragged_row",
         "the row has " + std::to_string(row.cells.size()) + " cells, expected " + std::to_string(columns_.size()));
    return;
  }
  for (std::string& cell : row.cells) {
    std::string decoded;
    if (!append_as_utf8(shape_.encoding, shape_.trim ? trim(cell) : std::string_view(cell), decoded)) {
      fail(row, "invalid_utf8", "a cell holds bytes that are no text in the declared encoding");
      return;
    }
    cell = std::move(decoded);
  }
}

}  // namespace tributary
