#include "engine/ingest/json_text.h"

#include <fmt/format.h>

#include <cstring>

namespace tributary {
namespace {

constexpr size_t kMessageInputBytesMax = 64;

unsigned hex_digit(char c) {
  if (c <= '9') return static_cast<unsigned>(c - '0');
  return static_cast<unsigned>((c | 0x20) - 'a' + 10);
}

char32_t four_hex_digits(const char* digits) {
  return (hex_digit(digits[0]) << 12) | (hex_digit(digits[1]) << 8) | (hex_digit(digits[2]) << 4) |
         hex_digit(digits[3]);
}

/// Decodes the escape that begins at `at` (the backslash) and returns the position behind it.
const char* append_escape(std::string& out, const char* at) {
  switch (at[1]) {
    case 'b':
      out += '\b';
      return at + 2;
    case 'f':
      out += '\f';
      return at + 2;
    case 'n':
      out += '\n';
      return at + 2;
    case 'r':
      out += '\r';
      return at + 2;
    case 't':
      out += '\t';
      return at + 2;
    case 'u':
      break;
    default:
      out += at[1];
      return at + 2;
  }
  char32_t unit = four_hex_digits(at + 2);
  if (unit < 0xd800 || unit > 0xdfff) {
    append_utf8(out, unit);
    return at + 6;
  }
  append_utf8(out, 0x10000 + ((unit - 0xd800) << 10) + (four_hex_digits(at + 8) - 0xdc00));
  return at + 12;
}

}  // namespace

void append_utf8(std::string& out, char32_t code_point) {
  auto byte = [&](char32_t value) { out += static_cast<char>(value); };
  if (code_point < 0x80) {
    byte(code_point);
  } else if (code_point < 0x800) {
    byte(0xc0 | (code_point >> 6));
    byte(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    byte(0xe0 | (code_point >> 12));
    byte(0x80 | ((code_point >> 6) & 0x3f));
    byte(0x80 | (code_point & 0x3f));
  } else {
    byte(0xf0 | (code_point >> 18));
    byte(0x80 | ((code_point >> 12) & 0x3f));
    byte(0x80 | ((code_point >> 6) & 0x3f));
    byte(0x80 | (code_point & 0x3f));
  }
}

std::string_view decoded_json_string(std::string_view bytes, std::string& scratch) {
  const void* escape = bytes.empty() ? nullptr : std::memchr(bytes.data(), '\\', bytes.size());
  if (escape == nullptr) return bytes;
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  scratch.clear();
  while (escape != nullptr) {
    const char* backslash = static_cast<const char*>(escape);
    scratch.append(at, backslash);
    at = append_escape(scratch, backslash);
    escape = at < end ? std::memchr(at, '\\', static_cast<size_t>(end - at)) : nullptr;
  }
  scratch.append(at, end);
  return scratch;
}

void append_minified(std::string& out, std::string_view json) {
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    char c = json[i];
    if (in_string) {
      out += c;
      if (c == '\\') out += json[++i];
      if (c == '"') in_string = false;
      continue;
    }
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    in_string = c == '"';
    out += c;
  }
}

std::string quoted_for_message(std::string_view input) {
  std::string quoted;
  for (char c : input) {
    bool printable = c >= ' ' && c <= '~' && c != '"' && c != '\\';
    std::string shown = printable ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    if (quoted.size() + shown.size() > kMessageInputBytesMax - 3) return quoted + "...";
    quoted += shown;
  }
  return quoted;
}

}  // namespace tributary
