#include "connectors/bulk/row_cutter.h"

#include <algorithm>
#include <utility>

#include "engine/base/text.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

constexpr size_t kSliceBytes = 1 << 20;

bool is_blank(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return trim(line).empty();
}

enum class QuotedEnd { row, text, broken };

/// Walks the cells of one row; `at` stays behind its last one.
QuotedEnd walk_cells(std::string_view text, char delimiter, char quote, size_t& at) {
  auto at_row_end = [&] { return at_csv_row_end(text, at); };
  while (true) {
    if (at < text.size() && text[at] == quote) {
      for (++at;; at += 2) {  // behind a doubled quote
        at = text.find(quote, at);
        if (at == std::string_view::npos) return QuotedEnd::text;
        if (at + 1 >= text.size() || text[at + 1] != quote) break;
      }
      ++at;
      if (at_row_end()) return QuotedEnd::row;
      if (text[at] != delimiter) return QuotedEnd::broken;
    }
    while (!at_row_end() && text[at] != delimiter) ++at;
    if (at_row_end()) return QuotedEnd::row;
    ++at;
  }
}

}  // namespace

bool at_csv_row_end(std::string_view text, size_t at) {
  if (at >= text.size() || text[at] == '\n') return true;
  return text[at] == '\r' && (at + 1 >= text.size() || text[at + 1] == '\n');
}

RowCutter::RowCutter(ImportText& text, RowForm form) : text_(text), form_(form) {
  while (text_.from(0).size() < kByteOrderMark.size() && text_.more()) {
  }
  if (text_.from(0).starts_with(kByteOrderMark)) place_.offset = kByteOrderMark.size();
}

bool RowCutter::cut(RowSlice& slice, size_t rows_max) {
  slice.place = place_;
  slice.rows = 0;
  slice.code.clear();
  slice.view = {};
  slice.held.clear();
  view_ = text_.from(place_.offset);
  size_t end = 0;
  uint64_t line = place_.line;
  while (slice.rows < rows_max && end < kSliceBytes) {
    Row row = row_at(end);
    if (row.lines == 0) break;
    if (!row.code.empty()) {
      if (end > 0) break;
      slice.rows = 1;
      slice.code = row.code;
      slice.message = row.message;
      skip_line();
      return true;
    }
    end = row.end;
    line += row.lines;
    slice.rows += row.blank ? 0 : 1;
  }
  slice.view = view_.substr(0, end);
  if (!text_.is_whole()) slice.held = slice.view;
  place_ = {place_.offset + end, line};
  return end > 0;
}

bool RowCutter::read_on() {
  bool more = text_.more();
  view_ = text_.from(place_.offset);
  return more;
}

RowCutter::Row RowCutter::row_at(size_t at) {
  bool all_there = false;
  while (true) {
    std::string_view rest = view_.substr(at);
    size_t line_end = rest.find('\n');
    Row row;
    if (line_end == std::string_view::npos && rest.size() <= kRowBytesMax) {
      row = {rest.size(), rest.empty() ? 0u : 1u, true, all_there && is_blank(rest), {}, {}};
    } else {
      row = line_at(rest, std::min(line_end, rest.size()));
    }
    bool quotes =
        form_.quote && row.code.empty() && rest.substr(0, row.end).find(*form_.quote) != std::string_view::npos;
    if (quotes) row = quoted_row(rest);
    if (row.open && !all_there) {
      all_there = !read_on();  // moves what `rest` sees
      continue;
    }
    if (row.open && text_.fault()) return {};
    row.end += at;
    return row;
  }
}

RowCutter::Row RowCutter::line_at(std::string_view rest, size_t length) const {
  if (length > kRowBytesMax) return {0, 1, false, false, form_.too_long_code, form_.too_long_message};
  std::string_view line = rest.substr(0, length);
  // What begins with a visible character is not worth the search for one.
  bool maybe_blank = line.empty() || static_cast<unsigned char>(line.front()) <= ' ';
  return {length + 1, 1, false, maybe_blank && is_blank(line), {}, {}};
}

RowCutter::Row RowCutter::quoted_row(std::string_view rest) const {
  std::string_view text = rest.substr(0, kRowBytesMax);
  bool cut = text.size() < rest.size();
  size_t at = 0;
  QuotedEnd how = walk_cells(text, form_.delimiter, *form_.quote, at);
  if (how == QuotedEnd::broken) return {0, 1, false, false, "bad_quote", "text behind the closing quote of a cell"};
  if (how == QuotedEnd::text) return {0, 1, !cut, false, "unterminated_quote", "a quoted cell does not end"};
  if (cut && at == text.size()) return {0, 1, false, false, form_.too_long_code, form_.too_long_message};
  size_t line_end = rest.find('\n', at);
  bool open = line_end == std::string_view::npos;
  std::string_view row = rest.substr(0, open ? rest.size() : line_end + 1);
  auto lines = static_cast<uint64_t>(std::count(row.begin(), row.end(), '\n')) + (open ? 1 : 0);
  return {row.size(), lines, open, false, {}, {}};
}

void RowCutter::skip_line() {
  view_ = text_.from(place_.offset);
  while (true) {
    size_t end = view_.find('\n');
    if (end != std::string_view::npos) {
      place_ = {place_.offset + end + 1, place_.line + 1};
      return;
    }
    place_.offset += view_.size();
    if (!read_on()) break;
  }
  ++place_.line;
}

}  // namespace tributary
