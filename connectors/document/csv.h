// Tables that spreadsheets open.
#pragma once

#include <string>
#include <string_view>

namespace tributary {

/// Appends one cell, quoted when it has to be. Text that a spreadsheet would take for a formula (it begins with one of
/// = + - @, a tab or a carriage return) gets an apostrophe in front. Sources: RFC 4180; OWASP, CSV Injection.
void append_csv_cell(std::string& out, std::string_view text, char delimiter = ',');

/// The cell without the apostrophe that keeps it from being a formula, if it has one.
std::string_view without_formula_guard(std::string_view cell);

/// A row under way; the destructor ends it.
class CsvRow {
 public:
  explicit CsvRow(std::string& out) : out_(out) {}
  ~CsvRow() { out_ += "\r\n"; }
  CsvRow(const CsvRow&) = delete;
  CsvRow& operator=(const CsvRow&) = delete;
  CsvRow& cell(std::string_view text) {
    if (!first_) out_ += ',';
    first_ = false;
    append_csv_cell(out_, text);
    return *this;
  }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace tributary
