// Where rows begin and end: the one step of reading a file that must be taken in its order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/bulk/import_text.h"

namespace tributary {

/// Where a row stands in its text.
struct RowPlace {
  uint64_t offset = 0;  // of its first byte
  uint64_t line = 0;    // physical line of its first byte, from 1
};

constexpr size_t kRowBytesMax = 1 << 20;

/// How rows end: with their line, or, when cells may be quoted, with the line on which the last quote is closed.
struct RowForm {
  std::optional<char> quote;
  char delimiter = ',';
  std::string_view too_long_code = "row_too_long";
  std::string_view too_long_message = "the row is longer than 1 MiB";
};

/// Whether a row whose quotes are closed ends at `at`: with LF, CRLF or the text.
bool at_csv_row_end(std::string_view text, size_t at);

/// Consecutive rows, or one that is none. Reused from slice to slice. Stands alone: another thread may read it while
/// the next one is cut.
struct RowSlice {
  RowPlace place;    // of its first byte
  size_t rows = 0;   // blank lines are none
  std::string code;  // set: one damaged row, with no bytes
  std::string message;
  std::string_view view;  // into a text that is whole
  std::string held;       // or the bytes themselves
  std::string_view bytes() const { return held.empty() ? view : std::string_view(held); }
};

/// Cuts a text into rows, after RFC 4180 when they have quotes: quoted cells may hold delimiters, doubled quotes and
/// line ends; rows end with LF or CRLF, the last one may lack it. A damaged row (a quote that never ends would swallow
/// the rest of the text) costs only its own physical line: the next row begins at the next one. So does one over
/// kRowBytesMax, which is never held as a whole. Where a text ends by a fault, its last, unfinished row is left out.
/// Owner: one thread at a time. Lifetime: the text outlives the cutter.
class RowCutter {
 public:
  RowCutter(ImportText& text, RowForm form);

  /// At most `rows_max` rows and about a MiB. False at the end.
  bool cut(RowSlice& slice, size_t rows_max);
  /// Leaves out one physical line.
  void skip_line();
  /// Continues at `place`, which does not lie before the current one unless the text is whole.
  void seek(RowPlace place) { place_ = place; }
  RowPlace place() const { return place_; }

 private:
  struct Row {
    size_t end = 0;      // behind its line end
    uint64_t lines = 0;  // physical ones; 0: there is no row, the text ends
    bool open = false;   // more of the text may change it
    bool blank = false;
    std::string_view code, message;
  };
  Row row_at(size_t at);
  Row line_at(std::string_view rest, size_t length) const;
  Row quoted_row(std::string_view rest) const;
  bool read_on();

  ImportText& text_;
  RowForm form_;
  RowPlace place_{0, 1};
  std::string_view view_;  // of the text from place_ on
};

}  // namespace tributary
