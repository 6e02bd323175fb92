#include "engine/query/sql/statement_text.h"

#include <algorithm>

#include "engine/base/ascii.h"

namespace tributary {
namespace {

bool is_sql_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_sql_word(char c) {
  return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// Bytes of the comment at the front; 0: there is none.
size_t comment_bytes(std::string_view text) {
  if (text.starts_with("--")) return std::min(text.find('\n'), text.size());
  if (!text.starts_with("/*")) return 0;
  size_t end = text.find("*/", 2);
  return end == text.npos ? text.size() : end + 2;
}

/// Bytes of the quoted text or name at the front, whose quote is doubled inside; 0: there is none.
size_t quoted_bytes(std::string_view text) {
  char quote = text.front() == '[' ? ']' : text.front();
  if (quote != '\'' && quote != '"' && quote != '`' && quote != ']') return 0;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] != quote) continue;
    if (quote == ']' || i + 1 == text.size() || text[i + 1] != quote) return i + 1;
    ++i;
  }
  return text.size();
}

size_t word_bytes(std::string_view text) {
  return static_cast<size_t>(std::ranges::find_if_not(text, is_sql_word) - text.begin());
}

/// Bytes of the number at the front, which begins with a digit: `1.5e-3`, `0x1F`.
size_t number_bytes(std::string_view text) {
  size_t end = 0;
  while (end < text.size() && (is_sql_word(text[end]) || text[end] == '.' ||
                               ((text[end] == '+' || text[end] == '-') && ascii_lower(text[end - 1]) == 'e'))) {
    ++end;
  }
  return end;
}

}  // namespace

std::string_view first_keyword(std::string_view text) {
  while (!text.empty()) {
    size_t passed = is_sql_space(text.front()) || text.front() == ';' ? 1 : comment_bytes(text);
    if (passed == 0) return text.substr(0, std::max<size_t>(word_bytes(text), 1));
    text.remove_prefix(passed);
  }
  return {};
}

SqlPosition position_at(std::string_view text, size_t byte) {
  SqlPosition position;
  for (char c : text.substr(0, std::min(byte, text.size()))) {
    if (c == '\n') {
      ++position.line;
      position.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
      ++position.column;
    }
  }
  return position;
}

std::optional<SqlPosition> position_of_name(std::string_view text, std::string_view name) {
  auto found = std::ranges::search(text, name, {}, ascii_lower, ascii_lower);
  if (found.empty() || name.empty()) return std::nullopt;
  return position_at(text, static_cast<size_t>(found.begin() - text.begin()));
}

std::string without_literals(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    size_t bytes = comment_bytes(text);
    size_t quoted = bytes > 0 ? 0 : quoted_bytes(text);
    bool blob = (text.front() == 'x' || text.front() == 'X') && text.substr(1).starts_with('\'');
    bool digit = text.front() >= '0' && text.front() <= '9';
    if (bytes > 0 || is_sql_space(text.front())) {
      bytes = std::max<size_t>(bytes, 1);
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else if (quoted > 0 || blob || digit) {
      bytes = quoted;
      if (blob) bytes = 1 + quoted_bytes(text.substr(1));
      if (digit) bytes = number_bytes(text);
      out += '?';
    } else {
      bytes = std::max<size_t>(word_bytes(text), 1);
      out += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace tributary
