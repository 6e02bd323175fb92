// SQLite's functions of text that take the square of their arguments, in linear time.
#include <algorithm>
#include <cstring>
#include <vector>

#include "engine/base/utf8.h"
#include "engine/query/sql/function.h"

namespace tributary {
namespace {

using TextResult = Result<SqlValue>;

bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

std::vector<std::string_view> characters_of(std::string_view text) {
  std::vector<std::string_view> characters;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin + 1;
    while (end < text.size() && !begins_character(text[end])) ++end;
    characters.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return characters;
}

size_t find_text(std::string_view text, std::string_view part, size_t from) {
  if (part.empty()) return from;
  const void* found = ::memmem(text.data() + from, text.size() - from, part.data(), part.size());
  return found == nullptr ? text.npos : static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

TextResult trimmed_text(const SqlArguments& arguments, bool left, bool right) {
  if (arguments.any_null()) return SqlValue();
  std::string text = arguments.text(0);
  std::string set_text = arguments.size() > 1 ? arguments.text(1) : " ";
  std::vector<std::string_view> set = characters_of(set_text);
  std::ranges::sort(set);
  auto is_in_set = [&](std::string_view character) { return std::ranges::binary_search(set, character); };
  std::vector<std::string_view> characters = characters_of(text);
  size_t begin = 0, end = characters.size();
  while (left && begin < end && is_in_set(characters[begin])) ++begin;
  while (right && end > begin && is_in_set(characters[end - 1])) --end;
  std::string kept;
  for (size_t i = begin; i < end; ++i) kept += characters[i];
  return SqlValue(std::move(kept));
}

TextResult trim_text(const SqlArguments& arguments) { return trimmed_text(arguments, true, true); }
TextResult ltrim_text(const SqlArguments& arguments) { return trimmed_text(arguments, true, false); }
TextResult rtrim_text(const SqlArguments& arguments) { return trimmed_text(arguments, false, true); }

/// The first character of the part, from 1; 0 when it is not there.
TextResult instr_text(const SqlArguments& arguments) {
  if (arguments.any_null()) return SqlValue();
  std::string text = arguments.text(0);
  size_t found = find_text(text, arguments.text(1), 0);
  if (found == text.npos) return SqlValue(int64_t{0});
  return SqlValue(std::ranges::count_if(text.substr(0, found), begins_character) + int64_t{1});
}

TextResult replace_text(const SqlArguments& arguments) {
  if (arguments.any_null()) return SqlValue();
  std::string text = arguments.text(0), part = arguments.text(1), other = arguments.text(2);
  if (part.empty()) return SqlValue(std::move(text));
  std::string result;
  size_t from = 0;
  for (size_t at = find_text(text, part, 0); at != text.npos; at = find_text(text, part, from)) {
    result.append(text, from, at - from).append(other);
    from = at + part.size();
    if (result.size() > SqlLimits::kValueBytesMax) return Error(ErrorCode::invalid, "the text becomes too long");
  }
  return SqlValue(result.append(text, from));
}

constexpr SqlFunction kTextFunctions[] = {
    {"trim", 1, trim_text},   {"trim", 2, trim_text},   {"ltrim", 1, ltrim_text}, {"ltrim", 2, ltrim_text},
    {"rtrim", 1, rtrim_text}, {"rtrim", 2, rtrim_text}, {"instr", 2, instr_text}, {"replace", 3, replace_text},
};

}  // namespace

std::span<const SqlFunction> text_functions() { return kTextFunctions; }

}  // namespace tributary
