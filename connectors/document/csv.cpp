#include "connectors/document/csv.h"

namespace tributary {

void append_csv_cell(std::string& out, std::string_view text) {
  constexpr std::string_view kFormulaBegins = "=+-@\t\r";
  constexpr std::string_view kQuoted = "\",\r\n";
  bool formula = !text.empty() && kFormulaBegins.find(text.front()) != std::string_view::npos;
  bool quoted = text.find_first_of(kQuoted) != std::string_view::npos;
  if (quoted) out += '"';
  if (formula) out += '\'';
  for (char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  if (quoted) out += '"';
}

}  // namespace tributary
