#include "connectors/bulk/table_row.h"

#include <algorithm>
#include <utility>

#include "connectors/document/csv.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

constexpr size_t kUtf8Growth = 3;  // bytes that one byte of an older encoding becomes at most

void fail_row(TableRow& row, std::string_view code, std::string message) {
  row.error_code = code;
  row.error = std::move(message);
}

/// The cell behind the opening quote at `at`, which moves behind the closing one. The cutter has seen that there is
/// one.
std::string_view quoted_cell(TableRow& row, std::string_view text, char quote, size_t& at) {
  size_t begin = ++at;
  size_t kept = row.unquoted.size();
  while (true) {
    size_t end = std::min(text.find(quote, at), text.size());
    bool doubled = end + 1 < text.size() && text[end + 1] == quote;
    at = std::min(end + (doubled ? 2 : 1), text.size());
    std::string_view piece = text.substr(begin, end - begin + (doubled ? 1 : 0));
    if (!doubled && row.unquoted.size() == kept) return piece;
    row.unquoted.append(piece);
    if (!doubled) return std::string_view(row.unquoted).substr(kept);
    begin = at;
  }
}

}  // namespace

RowForm row_form(const TableShape& shape) {
  RowForm form;
  if (shape.format == TableFormat::csv) form.quote = shape.quote;
  form.delimiter = shape.delimiter;
  return form;
}

SliceRows::SliceRows(const TableShape& shape, size_t columns, const RowSlice& slice)
    : shape_(shape), columns_(columns), slice_(slice), rest_(slice.bytes()), place_(slice.place) {}

bool SliceRows::next(TableRow& row) {
  row.cells.clear();
  row.error_code = {};
  row.unquoted.clear();
  row.place = place_;
  if (!slice_.code.empty()) {
    fail_row(row, slice_.code, slice_.message);
    return !std::exchange(damage_told_, true);
  }
  while (!rest_.empty()) {
    row.place = place_;
    std::string_view ahead = rest_;
    row.raw = take_line();
    if (trim(row.raw).empty()) continue;
    if (shape_.format == TableFormat::csv) {
      rest_ = ahead;
      place_ = row.place;
      take_csv(row);
    } else if (shape_.format == TableFormat::whitespace) {
      split_blanks(row);
    } else {
      split_fixed(row);
    }
    finish(row);
    return true;
  }
  return false;
}

/// The next line without its end.
std::string_view SliceRows::take_line() {
  size_t end = std::min(rest_.find('\n'), rest_.size());
  std::string_view line = rest_.substr(0, end);
  size_t taken = std::min(end + 1, rest_.size());
  rest_.remove_prefix(taken);
  place_ = {place_.offset + taken, place_.line + 1};
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

void SliceRows::take_csv(TableRow& row) {
  if (row.raw.find(shape_.quote) == std::string_view::npos) {
    split_plain(row);
    take_line();
    return;
  }
  std::string_view text = rest_;
  row.unquoted.reserve(std::min(text.size(), kRowBytesMax));  // cells see it while others are added
  size_t at = 0;
  while (true) {
    if (at < text.size() && text[at] == shape_.quote) {
      row.cells.push_back(quoted_cell(row, text, shape_.quote, at));
    } else {
      size_t begin = at;
      while (!at_csv_row_end(text, at) && text[at] != shape_.delimiter) ++at;
      row.cells.push_back(text.substr(begin, at - begin));
    }
    if (at_csv_row_end(text, at)) break;
    ++at;
  }
  row.raw = text.substr(0, at);
  place_.line += static_cast<uint64_t>(std::count(row.raw.begin(), row.raw.end(), '\n'));
  place_.offset += at;
  rest_.remove_prefix(at);
  take_line();
}

void SliceRows::split_plain(TableRow& row) const {
  for (size_t begin = 0; begin <= row.raw.size();) {
    size_t end = std::min(row.raw.find(shape_.delimiter, begin), row.raw.size());
    row.cells.push_back(row.raw.substr(begin, end - begin));
    begin = end + 1;
  }
}

void SliceRows::split_blanks(TableRow& row) const {
  std::string_view line = row.raw;
  for (size_t at = line.find_first_not_of(kBlanks); at != std::string_view::npos;) {
    size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    row.cells.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(kBlanks, end);
  }
}

void SliceRows::split_fixed(TableRow& row) const {
  for (const FixedColumn& column : shape_.fixed) {
    size_t from = std::min(column.from - 1, row.raw.size());
    row.cells.push_back(row.raw.substr(from, column.to - column.from + 1));
  }
}

/// Trims, decodes, and compares the number of cells with the number of columns.
void SliceRows::finish(TableRow& row) const {
  if (columns_ != 0 && row.cells.size() != columns_) {
    fail_row(row, "ragged_row",
             "the row has " + std::to_string(row.cells.size()) + " cells, expected " + std::to_string(columns_));
    return;
  }
  for (std::string_view& cell : row.cells) {
    if (shape_.trim) cell = trim(cell);
    if (shape_.formula_guard) cell = without_formula_guard(cell);
  }
  if (!make_utf8(row)) fail_row(row, "invalid_utf8", "a cell holds bytes that are no text in the declared encoding");
}

bool SliceRows::make_utf8(TableRow& row) const {
  bool decode = shape_.encoding == TextEncoding::latin1 || shape_.encoding == TextEncoding::windows1252;
  // A range of bytes may cut a character; cells between delimiters are as good as their row.
  if (!decode && shape_.format != TableFormat::fixed) return is_utf8(row.raw);
  row.decoded.clear();
  if (decode) row.decoded.reserve(kUtf8Growth * row.raw.size());
  for (std::string_view& cell : row.cells) {
    if (!decode && !is_utf8(cell)) return false;
    if (!decode) continue;
    size_t begin = row.decoded.size();
    if (!append_as_utf8(shape_.encoding, cell, row.decoded)) return false;
    cell = std::string_view(row.decoded).substr(begin);
  }
  return true;
}

}  // namespace tributary
