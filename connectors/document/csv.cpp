#include "connectors/document/csv.h"

namespace tributary {

namespace {

bool begins_formula(std::string_view text) {
  constexpr std::string_view kFormulaBegins = "=+-@\t\r";
  return !text.empty() && kFormulaBegins.find(text.front()) != std::string_view::npos;
}

}  // namespace

void append_csv_cell(std::string& out, std::string_view text, char delimiter) {
  bool formula = begins_formula(text);
  bool quoted =
      text.find_first_of("\"\r\n") != std::string_view::npos || text.find(delimiter) != std::string_view::npos;
  if (quoted) out += '"';
  if (formula) out += '\'';
  for (char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  if (quoted) out += '"';
}

std::string_view without_formula_guard(std::string_view cell) {
  return cell.starts_with('\'') && begins_formula(cell.substr(1)) ? cell.substr(1) : cell;
}

}  // namespace tributary
