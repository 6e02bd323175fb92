#include "engine/base/json_members.h"

#include "engine/base/text.h"

namespace tributary {
namespace {

/// The position behind the string that begins at `at`, or npos.
size_t skip_string(std::string_view text, size_t at) {
  for (size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return text.npos;
}

/// The position of the comma behind the value that begins at `at`, or the end of the text, or npos.
size_t skip_value(std::string_view text, size_t at) {
  size_t depth = 0;
  while (at < text.size()) {
    char byte = text[at];
    if (byte == '"') {
      at = skip_string(text, at);
      if (at == text.npos) return at;
      continue;
    }
    if (byte == ',' && depth == 0) return at;
    if (byte == '{' || byte == '[') ++depth;
    if (byte == '}' || byte == ']') {
      if (depth == 0) return text.npos;
      --depth;
    }
    ++at;
  }
  return depth == 0 ? at : text.npos;
}

}  // namespace

bool split_object(std::string_view text, std::vector<RawMember>& members) {
  text = trim(text, kJsonSpace);
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') return false;
  text = trim(text.substr(1, text.size() - 2), kJsonSpace);
  while (!text.empty()) {
    if (text.front() != '"') return false;
    size_t name_end = skip_string(text, 0);
    if (name_end == text.npos) return false;
    size_t colon = text.find_first_not_of(kJsonSpace, name_end);
    if (colon == text.npos || text[colon] != ':') return false;
    size_t value_end = skip_value(text, colon + 1);
    if (value_end == text.npos) return false;
    members.emplace_back(text.substr(1, name_end - 2), trim(text.substr(colon + 1, value_end - colon - 1), kJsonSpace));
    if (value_end == text.size()) return true;
    text = trim(text.substr(value_end + 1), kJsonSpace);
    if (text.empty()) return false;
  }
  return true;
}

}  // namespace tributary
